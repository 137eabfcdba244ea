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

/**
 * Turns fields of a message round in place, for one of a node with the other byte order (corosync-services.md 1.4).
 * A field past the message's end is left alone: the decoder refuses the message for its length.
 * @param fieldBytes 2, 4 or 8
 */
export function swapFields(message: Buffer, fieldBytes: number, offsets: readonly number[]): void {
  for (const at of offsets) if (at + fieldBytes <= message.length) message.subarray(at, at + fieldBytes).reverse();
}

/** Offsets of the header's fields. */
export const headerOffsets = [0, 8] as const;
