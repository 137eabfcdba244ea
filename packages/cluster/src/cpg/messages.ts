import { newMessage, serviceId, swapFields } from '../engine/message.ts';

/** Executive messages of CPG (corosync-services.md 3.2). */
export const cpgFunction = {
  procjoin: 0,
  procleave: 1,
  joinlist: 2,
  multicast: 3,
  downlistOld: 4,
  downlist: 5,
  partial: 6,
} as const;

export const cpgReason = { join: 1, leave: 2, nodedown: 3, nodeup: 4, procdown: 5 } as const;

const processBytes = 168;
const joinlistHeaderBytes = 24;
const joinlistEntryBytes = 144;
const multicastHeaderBytes = 184;
const partialHeaderBytes = 200;
const downlistBytes = 1568;
const maxDownlist = 384;

/** A group's name as bytes in a string of one character a byte, so that names compare and index as they are. */
export type GroupName = string;

function writeName(message: Buffer, at: number, group: GroupName): void {
  message.writeUInt32LE(group.length, at);
  message.write(group, at + 8, 'latin1');
}

function readName(message: Buffer, at: number): GroupName | undefined {
  const length = message.readUInt32LE(at);
  if (length > 128) return undefined;
  return message.toString('latin1', at + 8, at + 8 + length);
}

export function encodeProcess(fn: 0 | 1, group: GroupName, pid: number, reason: number): Buffer {
  const message = newMessage(serviceId.cpg, fn, processBytes);
  writeName(message, 16, group);
  message.writeUInt32LE(pid, 152);
  message.writeUInt32LE(reason, 160);
  return message;
}

export function decodeProcess(message: Buffer): { group: GroupName; pid: number; reason: number } | undefined {
  if (message.length < processBytes) return undefined;
  const group = readName(message, 16);
  return group === undefined ? undefined : { group, pid: message.readUInt32LE(152), reason: message.readUInt32LE(160) };
}

export interface JoinlistEntry {
  readonly pid: number;
  readonly group: GroupName;
}

export function encodeJoinlist(entries: readonly JoinlistEntry[]): Buffer {
  const size = joinlistHeaderBytes + joinlistEntryBytes * entries.length;
  const message = newMessage(serviceId.cpg, cpgFunction.joinlist, size);
  for (const [index, entry] of entries.entries()) {
    const at = joinlistHeaderBytes + joinlistEntryBytes * index;
    message.writeUInt32LE(entry.pid, at);
    writeName(message, at + 8, entry.group);
  }
  return message;
}

export function decodeJoinlist(message: Buffer): JoinlistEntry[] {
  const entries: JoinlistEntry[] = [];
  for (let at = joinlistHeaderBytes; at + joinlistEntryBytes <= message.length; at += joinlistEntryBytes) {
    const group = readName(message, at + 8);
    if (group !== undefined) entries.push({ pid: message.readUInt32LE(at), group });
  }
  return entries;
}

export function encodeDownlist(oldMembers: number, left: readonly number[]): Buffer {
  const message = newMessage(serviceId.cpg, cpgFunction.downlist, downlistBytes);
  message.writeUInt32LE(oldMembers, 16);
  message.writeUInt32LE(left.length, 24);
  for (const [index, id] of left.slice(0, maxDownlist).entries()) message.writeUInt32LE(id, 32 + 4 * index);
  return message;
}

export function decodeDownlist(message: Buffer): { oldMembers: number; left: number[] } | undefined {
  if (message.length < downlistBytes) return undefined;
  const count = Math.min(message.readUInt32LE(24), maxDownlist);
  const left = Array.from({ length: count }, (_, index) => message.readUInt32LE(32 + 4 * index));
  return { oldMembers: message.readUInt32LE(16), left };
}

/** Header of a process's multicasts, without data until {@link sizeMulticast}; the data follows it as a further segment. */
export function encodeMulticastHeader(
  group: GroupName,
  pid: number,
  source: { nodeId: number; token: number },
): Buffer {
  const message = newMessage(serviceId.cpg, cpgFunction.multicast, multicastHeaderBytes);
  writeName(message, 16, group);
  message.writeUInt32LE(pid, 160);
  message.writeUInt32LE(source.nodeId, 168);
  message.writeUInt32LE(source.token, 176);
  return message;
}

/** Makes a header that of a multicast of `dataBytes`. */
export function sizeMulticast(header: Buffer, dataBytes: number): void {
  header.writeUInt32LE(multicastHeaderBytes + dataBytes, 8);
  header.writeUInt32LE(dataBytes, 152);
}

export interface CpgMulticast {
  readonly group: GroupName;
  readonly pid: number;
  readonly data: Buffer;
}

export function decodeMulticast(message: Buffer): CpgMulticast | undefined {
  if (message.length < multicastHeaderBytes) return undefined;
  const group = readName(message, 16);
  const length = message.readUInt32LE(152);
  if (group === undefined || length > message.length - multicastHeaderBytes) return undefined;
  const data = message.subarray(multicastHeaderBytes, multicastHeaderBytes + length);
  return { group, pid: message.readUInt32LE(160), data };
}

export interface CpgFragment extends CpgMulticast {
  /** 1 first, 2 continued, 3 last */
  readonly type: number;
  /** Bytes of the whole message. */
  readonly totalBytes: number;
}

export function encodeFragmentHeader(
  group: GroupName,
  pid: number,
  source: { nodeId: number; token: number },
  fragment: { type: number; totalBytes: number; dataBytes: number },
): Buffer {
  const message = newMessage(serviceId.cpg, cpgFunction.partial, partialHeaderBytes);
  message.writeUInt32LE(partialHeaderBytes + fragment.dataBytes, 8);
  writeName(message, 16, group);
  message.writeUInt32LE(fragment.totalBytes, 152);
  message.writeUInt32LE(fragment.dataBytes, 160);
  message.writeUInt32LE(pid, 168);
  message.writeUInt32LE(fragment.type, 176);
  message.writeUInt32LE(source.nodeId, 184);
  message.writeUInt32LE(source.token, 192);
  return message;
}

export function decodeFragment(message: Buffer): CpgFragment | undefined {
  if (message.length < partialHeaderBytes) return undefined;
  const group = readName(message, 16);
  const length = message.readUInt32LE(160);
  if (group === undefined || length > message.length - partialHeaderBytes) return undefined;
  return {
    group,
    pid: message.readUInt32LE(168),
    type: message.readUInt32LE(176),
    totalBytes: message.readUInt32LE(152),
    data: message.subarray(partialHeaderBytes, partialHeaderBytes + length),
  };
}

const swappedOffsets: Readonly<Record<number, readonly number[]>> = {
  [cpgFunction.procjoin]: [16, 152, 160],
  [cpgFunction.procleave]: [16, 152, 160],
  [cpgFunction.multicast]: [16, 152, 160, 168],
  [cpgFunction.partial]: [16, 152, 160, 168, 176, 184],
};

/** Turns a message of the other byte order round, in place; its header is right already. */
export function swapCpgMessage(fn: number, message: Buffer): void {
  swapFields(message, 4, swappedOffsets[fn] ?? []);
  if (fn === cpgFunction.joinlist) {
    for (let at = joinlistHeaderBytes; at < message.length; at += joinlistEntryBytes) {
      swapFields(message, 4, [at, at + 8]);
    }
  } else if (fn === cpgFunction.downlist && message.length >= downlistBytes) {
    for (let at = 16; at < downlistBytes; at += at < 32 ? 8 : 4) swapFields(message, 4, [at]);
  }
}
