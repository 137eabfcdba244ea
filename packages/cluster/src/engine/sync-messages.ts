import type { RingId } from '@sanode/totem';
import { headerOffsets, swapFields } from './message.ts';

/** Messages of the group `sync` (totem.md 12.1). */
export const syncFunction = { barrier: 0, serviceBuild: 1 } as const;

const barrierBytes = 32;
const buildBytes = 552;
const countAt = 32;
const listAt = 40;
/** Services that one message can name. */
export const maxSyncServices = 128;

export interface SyncMessage {
  readonly ringId: RingId;
  /** Services that take part, ascending; undefined: the message is a barrier. */
  readonly services: readonly number[] | undefined;
}

export function encodeSyncMessage({ ringId, services }: SyncMessage): Buffer {
  const size = services === undefined ? barrierBytes : buildBytes;
  const message = Buffer.alloc(size);
  message.writeUInt32LE(services === undefined ? syncFunction.barrier : syncFunction.serviceBuild, 0);
  message.writeUInt32LE(size, 8);
  message.writeUInt32LE(ringId.rep, 16);
  message.writeBigUInt64LE(BigInt(ringId.seq), 20);
  if (services === undefined) return message;
  message.writeInt32LE(services.length, countAt);
  for (const [index, id] of services.entries()) message.writeInt32LE(id, listAt + 4 * index);
  return message;
}

export function decodeSyncMessage(message: Buffer): SyncMessage | undefined {
  if (message.length < barrierBytes) return undefined;
  const id = message.readUInt32LE(0);
  const ringId = { rep: message.readUInt32LE(16), seq: Number(message.readBigUInt64LE(20)) };
  if (id === syncFunction.barrier) return { ringId, services: undefined };
  if (id !== syncFunction.serviceBuild || message.length < buildBytes) return undefined;
  const count = Math.min(Math.max(message.readInt32LE(countAt), 0), maxSyncServices);
  return { ringId, services: Array.from({ length: count }, (_, i) => message.readInt32LE(listAt + 4 * i)) };
}

/** Turns a message of the other byte order round, in place. */
export function swapSyncMessage(message: Buffer): void {
  swapFields(message, 4, [...headerOffsets, 16, countAt]);
  swapFields(message, 8, [20]);
  swapFields(
    message,
    4,
    Array.from({ length: maxSyncServices }, (_, i) => listAt + 4 * i),
  );
}
