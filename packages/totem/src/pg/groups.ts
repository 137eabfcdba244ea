import type { TotemGroupName } from '../types.ts';

/** Most groups that one message may name (totem.md 10.2). */
const GROUPS_LIMIT = 32;

/** The group header of a message, as two segments (totem.md 10.3). */
const HEADERS: Record<TotemGroupName, readonly Uint8Array[]> = {
  a: [Buffer.from([1, 0, 1, 0]), Buffer.from('a')],
  sync: [Buffer.from([1, 0, 4, 0]), Buffer.from('sync')],
};

/** Segments that go before the payload. */
export function groupHeader(group: TotemGroupName): readonly Uint8Array[] {
  return HEADERS[group];
}

/** Takes the group header off a message; undefined when it is malformed. Unknown groups are left out. */
export function splitGroups(
  message: Buffer,
  foreign: boolean,
): { readonly groups: readonly TotemGroupName[]; readonly payload: Buffer } | undefined {
  const u16 = (offset: number): number => (foreign ? message.readUInt16BE(offset) : message.readUInt16LE(offset));
  if (message.length < 2) return undefined;
  const count = u16(0);
  let offset = 2 + 2 * count;
  if (count > GROUPS_LIMIT || message.length < offset) return undefined;
  const groups: TotemGroupName[] = [];
  for (let index = 0; index < count; index += 1) {
    const length = u16(2 + 2 * index);
    if (message.length < offset + length) return undefined;
    const name = message.toString('latin1', offset, offset + length);
    if ((name === 'a' || name === 'sync') && !groups.includes(name)) groups.push(name);
    offset += length;
  }
  return { groups, payload: message.subarray(offset) };
}
