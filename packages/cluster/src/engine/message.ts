/** Executive messages share a header: id (service << 16 | function) and size (corosync-services.md 1.2). */
export const headerBytes = 16;

export const serviceId = { cmap: 0, cfg: 1, cpg: 2, quorum: 3, votequorum: 5 } as const;

/** A zeroed message with its header filled in. @param size bytes, header included */
export function newMessage(service: number, fn: number, size: number): Buffer {
  const message = Buffer.alloc(size);
  message.writeUInt32LE(service * 65536 + fn, 0);
  message.writeUInt32LE(size, 8);
  return message;
}

/** Reads a text of a fixed field, up to its first NUL. */
export function readFixedText(message: Buffer, at: number, fieldBytes: number): string {
  const field = message.subarray(at, at + fieldBytes);
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? field.length : end).toString('utf8');
}
