import { loadLibc, noLibc } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;

/**
 * Tells systemd that the daemon is ready (sd_notify(3), READY=1). Does nothing where NOTIFY_SOCKET is not set, and
 * takes the variable out of the environment so that children do not inherit it.
 * @throws {Error} when systemd's socket can't be reached
 */
export function notifyReady(): void {
  notifySystemd('READY=1');
  delete process.env['NOTIFY_SOCKET'];
}

/** Sends one sd_notify(3) message, for example `STOPPING=1` or `STATUS=...`. Nothing happens without NOTIFY_SOCKET. */
export function notifySystemd(message: string): void {
  const path = process.env['NOTIFY_SOCKET'];
  if (path === undefined || path === '') return;
  const libc = loadLibc();
  if (libc === undefined) throw new Error(`sd_notify: ${noLibc}`);
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const sendto = libc.func('long sendto(int fd, void *data, size_t size, int flags, void *address, uint length)');
  const close = libc.func('int close(int fd)');
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`);
  const address = Buffer.alloc(2 + name.length);
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) as number;
  if (fd < 0) throw new Error('sd_notify: no socket');
  const body = Buffer.from(message);
  const sent = sendto(fd, body, body.length, 0, address, address.length) as number;
  close(fd);
  if (sent !== body.length) throw new Error(`sd_notify: ${path} does not take messages`);
}
