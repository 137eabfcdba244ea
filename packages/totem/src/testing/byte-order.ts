/** The packet as a sender of the other byte order writes it (payloads of mcasts stay raw). */
export function swapByteOrder(packet: Buffer): Buffer {
  const swapped = Buffer.from(packet);
  const reverse = (offset: number, bytes: number): number => {
    swapped.subarray(offset, offset + bytes).reverse();
    return offset + bytes;
  };
  const fields = (offset: number, sizes: readonly number[]): number => sizes.reduce(reverse, offset);
  reverse(0, 2);
  let offset = fields(5, [4, 4]);
  switch (packet[3]) {
    case 0: {
      offset = fields(offset, [4, 4, 4, 4, 4, 8, 4, 4, 4, 4]);
      for (let n = packet.readUInt32LE(53); n > 0; n -= 1) offset = fields(offset, [4, 8, 4]);
      break;
    }
    case 1:
      fields(offset, [4, 4, 4, 4, 8, 4, 4]);
      break;
    case 2:
      fields(offset, [4, 4, 8]);
      break;
    case 3:
      offset = fields(offset, [4, 4, 4, 8]);
      while (offset < packet.length) offset = reverse(offset, 4);
      break;
    case 4: {
      const count = packet.readUInt32LE(37);
      offset = fields(offset, [4, 4, 8, 4, 4, 4]);
      for (let n = count; n > 0; n -= 1) offset = reverse(offset, 4);
      for (let n = count; n > 0; n -= 1) offset = fields(offset, [4, 8, 4, 4, 4]);
      break;
    }
    default:
      fields(offset, [4, 8]);
  }
  return swapped;
}
