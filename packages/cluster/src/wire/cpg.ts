import type { CpgConfigurationChange, CpgMember } from '../client/types.ts';
import { type ByteReader, type ByteWriter, WireError } from './bytes.ts';

/** Members a notification may list: processes of one group over the whole ring. */
const maxMembers = 65_536;

/** A reader's list length, checked. */
export function readCount(fields: ByteReader, limit = maxMembers): number {
  const count = fields.u32();
  if (count > limit) throw new WireError(`a list of ${count} entries is over the limit of ${limit}`);
  return count;
}

export function writeMembers(writer: ByteWriter, members: readonly CpgMember[]): void {
  writer.u32(members.length);
  for (const member of members) writer.u32(member.nodeId).u32(member.pid).u8(member.reason);
}

export function readMembers(fields: ByteReader): CpgMember[] {
  const count = readCount(fields);
  const members: CpgMember[] = [];
  for (let i = 0; i < count; i += 1) members.push({ nodeId: fields.u32(), pid: fields.u32(), reason: fields.u8() });
  return members;
}

export function readConfigurationChange(fields: ByteReader): CpgConfigurationChange {
  return { members: readMembers(fields), left: readMembers(fields), joined: readMembers(fields) };
}

/** Ring id and member list, as quorum and totem events carry it. */
export interface RingView {
  readonly ringNodeId: number;
  readonly ringSequence: bigint;
  readonly members: readonly number[];
}

export function writeNodeIds(writer: ByteWriter, ids: readonly number[]): void {
  writer.u32(ids.length);
  for (const id of ids) writer.u32(id);
}

export function readNodeIds(fields: ByteReader): number[] {
  const count = readCount(fields);
  const ids: number[] = [];
  for (let i = 0; i < count; i += 1) ids.push(fields.u32());
  return ids;
}

export function writeRingView(writer: ByteWriter, view: RingView): void {
  writer.u32(view.ringNodeId).u64(view.ringSequence);
  writeNodeIds(writer, view.members);
}

export function readRingView(fields: ByteReader): RingView {
  return { ringNodeId: fields.u32(), ringSequence: fields.u64(), members: readNodeIds(fields) };
}
