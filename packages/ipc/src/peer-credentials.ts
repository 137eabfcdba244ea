import type { Socket } from 'node:net';
import { loadLibc } from '@sanode/runtime';

/** Who is at the other end of a local socket, as the kernel says (SO_PEERCRED, unix(7)). */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

let getsockopt: ((fd: number, level: number, name: number, value: Buffer, size: Buffer) => number) | undefined;

/** Ids of a peer whose credentials cannot be asked for: where koffi is missing the socket file's permissions decide. */
export const unknownId = -1;

/** Credentials of the process that connected. @throws {Error} when the kernel does not tell */
export function peerCredentials(socket: Socket): PeerCredentials {
  const libc = loadLibc();
  if (libc === undefined) return { pid: 0, uid: unknownId, gid: unknownId };
  getsockopt ??= libc.func(
    'int getsockopt(int fd, int level, int name, void *value, void *size)',
  ) as unknown as typeof getsockopt;
  const fd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd;
  if (fd === undefined || fd < 0) throw new Error('the socket has no descriptor');
  const value = Buffer.alloc(12);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(value.length);
  if (getsockopt?.(fd, SOL_SOCKET, SO_PEERCRED, value, size) !== 0) throw new Error('SO_PEERCRED failed');
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}
