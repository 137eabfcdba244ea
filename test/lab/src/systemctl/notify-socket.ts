import { rmSync } from 'node:fs';
import koffi from 'koffi';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_DONTWAIT = 0x40;
const maxMessageBytes = 4096;
/** How often the socket is looked at: while readiness is awaited, and later (only to keep it empty), ms. */
const eagerMs = 10;
const idleMs = 500;

/** The socket of one service for sd_notify(3). Node has no datagram sockets of this kind, so libc is called. */
export class NotifySocket {
  readonly path: string;
  readonly #fd: number;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #waiting = true;
  readonly #received: (fields: ReadonlyMap<string, string>) => void;

  /** @param received called with the fields of each message @throws {Error} when the socket can't be made */
  constructor(path: string, received: (fields: ReadonlyMap<string, string>) => void) {
    this.path = path;
    this.#received = received;
    rmSync(path, { force: true });
    const { socket, bind } = libc();
    this.#fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const name = Buffer.from(`${path}\0`);
    const address = Buffer.alloc(2 + name.length);
    address.writeUInt16LE(AF_UNIX, 0);
    name.copy(address, 2);
    if (this.#fd < 0 || bind(this.#fd, address, address.length) !== 0) throw new Error(`no notify socket at ${path}`);
    this.#poll();
  }

  /** From now on messages are no longer awaited eagerly. */
  relax(): void {
    this.#waiting = false;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    libc().close(this.#fd);
    rmSync(this.path, { force: true });
  }

  #poll(): void {
    const { recv } = libc();
    const buffer = Buffer.alloc(maxMessageBytes);
    for (let bytes = recv(this.#fd, buffer, buffer.length, MSG_DONTWAIT); bytes > 0 && !this.#closed; ) {
      this.#received(parseNotify(buffer.toString('utf8', 0, Number(bytes))));
      if (this.#closed) return;
      bytes = recv(this.#fd, buffer, buffer.length, MSG_DONTWAIT);
    }
    if (!this.#closed) this.#timer = setTimeout(() => this.#poll(), this.#waiting ? eagerMs : idleMs);
  }
}

/** Fields of one message. */
export function parseNotify(message: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of message.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) fields.set(line.slice(0, equals), line.slice(equals + 1));
  }
  return fields;
}

interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  recv(fd: number, buffer: Buffer, length: number, flags: number): number;
  close(fd: number): number;
}
let loaded: Libc | undefined;

function libc(): Libc {
  if (loaded === undefined) {
    const library = koffi.load('libc.so.6');
    loaded = {
      socket: library.func('int socket(int domain, int type, int protocol)') as Libc['socket'],
      bind: library.func('int bind(int fd, void *address, uint length)') as Libc['bind'],
      recv: library.func('long recv(int fd, void *buffer, size_t length, int flags)') as Libc['recv'],
      close: library.func('int close(int fd)') as Libc['close'],
    };
  }
  return loaded;
}
