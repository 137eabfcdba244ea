/** A packet in a few words, for the trace (layouts: totem.md 2). */
export function describePacket(packet: Buffer): string {
  const u32 = (offset: number): number => packet.readUInt32LE(offset);
  const ring = (offset: number): string =>
    `${u32(offset).toString(16)}.${packet.readUIntLE(offset + 4, 6).toString(16)}`;
  const ids = (offset: number, count: number): string =>
    `[${Array.from({ length: count }, (_, index) => u32(offset + 4 * index))}]`;
  switch (packet[3]) {
    case 0:
      return `token ${u32(17)} of ${ring(29)}: seq ${u32(13)}, aru ${u32(21)}, ${u32(53)} requests`;
    case 1:
      return `message ${u32(17)} of ${ring(25)}${packet[4] === 1 ? ', an old one' : ''}`;
    case 2:
      return `merge_detect of ${ring(17)}`;
    case 3: {
      const processors = u32(17);
      const failed = ids(33 + 4 * processors, u32(21));
      const leave = u32(5) === 0 ? 'leave' : 'join';
      return `${leave} ${packet.readUIntLE(25, 6).toString(16)}: ${ids(33, processors)} failed ${failed}`;
    }
    case 4:
      return `commit_token ${u32(33)} of ${ring(17)}: ${ids(41, u32(37))}`;
    default:
      return `hold_cancel of ${ring(13)}`;
  }
}
