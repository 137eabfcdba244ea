import { existsSync, fstatSync } from 'node:fs';
import { noLibc } from '@sanode/runtime';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, unixAddress } from '@sanode/runtime/unix-datagram';
import { libc } from './libc.ts';

const SOCK_NONBLOCK = 0o4000;
const MSG_NOSIGNAL = 0x4000;
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
/** A line is cut to this, bytes: what every syslog daemon takes in one datagram. */
const maxLineBytes = 8192;

/**
 * The machine's system log: datagrams on its socket as syslog(3) sends them. It never waits: what the log's daemon does
 * not take at once is lost, and counted.
 */
export class SystemLog {
  readonly #path: string;
  readonly #name: string;
  #socket: { send(bytes: Buffer): boolean } | undefined;
  #dropped = 0;

  /** @param name of this program @param path of the log's socket */
  constructor(name: string, path = '/dev/log') {
    this.#name = name;
    this.#path = path;
  }

  /** Makes the socket. @returns undefined, or why there is none */
  open(): string | undefined {
    if (this.#socket !== undefined) return undefined;
    const functions = libc();
    if (functions === undefined) return noLibc;
    if (!existsSync(this.#path)) return `there is no ${this.#path}`;
    const descriptor = functions.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return `no socket: errno ${functions.errno()}`;
    const address = unixAddress(this.#path);
    this.#socket = {
      send: (bytes) =>
        functions.sendto(descriptor, bytes, bytes.length, MSG_NOSIGNAL, address, address.length) === bytes.length,
    };
    return undefined;
  }

  /** Lines that were not taken. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param severity of syslog(3), 0 to 7 @param facility its number */
  write(facility: number, severity: number, now: Date, text: string): void {
    const two = (value: number): string => String(value).padStart(2, '0');
    const day = `${months[now.getMonth()]} ${String(now.getDate()).padStart(2)}`;
    const time = `${day} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
    const line = `<${facility * 8 + severity}>${time} ${this.#name}[${process.pid}]: ${text}`;
    if (this.#socket?.send(Buffer.from(line).subarray(0, maxLineBytes)) !== true) this.#dropped += 1;
  }
}

/** Whether standard error goes to systemd's journal, which gets the system log too (systemd.exec(5), JOURNAL_STREAM). */
export function stderrIsJournal(): boolean {
  const stream = process.env['JOURNAL_STREAM'];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(2);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
