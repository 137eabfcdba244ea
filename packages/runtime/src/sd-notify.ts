import { loadLibc, noLibc } from './libc.ts';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, unixAddress } from './unix-datagram.ts';

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
  const address = unixAddress(path);
  const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) as number;
  if (fd < 0) throw new Error('sd_notify: no socket');
  const body = Buffer.from(message);
  const sent = sendto(fd, body, body.length, 0, address, address.length) as number;
  close(fd);
  if (sent !== body.length) throw new Error(`sd_notify: ${path} does not take messages`);
}
