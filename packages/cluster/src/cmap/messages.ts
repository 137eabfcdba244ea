import { newMessage, serviceId, swapFields } from '../engine/message.ts';
import { cmapTypeNumber } from '../wire/cmap-value.ts';

export const configVersionKey = 'totem.config_version';

/** Why a node tells its version (corosync-services.md 7.6). */
export const cmapReason = { sync: 0, newVersion: 1 } as const;

const firstItemAt = 48;
const valueAt = 280;
const maxKeyBytes = 255;
/** Items of one message. */
const maxItems = 32;
const valueBytes: Readonly<Record<number, number>> = { 3: 2, 4: 2, 5: 4, 6: 4, 7: 8, 8: 8, 9: 4, 10: 8 };

export interface ConfigVersion {
  readonly reason: number;
  /** undefined: corosync.conf has none */
  readonly version: bigint | undefined;
}

export function encodeConfigVersion({ reason, version }: ConfigVersion): Buffer {
  const message = newMessage(serviceId.cmap, 0, firstItemAt + valueAt + (version === undefined ? 0 : 8));
  message[16] = reason;
  message[24] = 1;
  message.writeUInt16LE(configVersionKey.length, firstItemAt);
  message.write(configVersionKey, firstItemAt + 8);
  if (version === undefined) return message;
  message[firstItemAt + 264] = cmapTypeNumber.u64;
  message.writeBigUInt64LE(8n, firstItemAt + 272);
  message.writeBigUInt64LE(version, firstItemAt + valueAt);
  return message;
}

/** @returns undefined when the message is malformed */
export function decodeConfigVersion(message: Buffer): ConfigVersion | undefined {
  if (message.length < firstItemAt) return undefined;
  const reason = message[16] as number;
  for (const item of items(message)) {
    if (item === undefined) return undefined;
    if (message.toString('latin1', item.at + 8, item.at + 8 + item.keyBytes) !== configVersionKey) continue;
    const isVersion = item.type === cmapTypeNumber.u64 && item.length === 8;
    return { reason, version: isVersion ? message.readBigUInt64LE(item.at + valueAt) : undefined };
  }
  return { reason, version: undefined };
}

/** Turns a message of the other byte order round, in place; its header is right already. */
export function swapCmapMessage(message: Buffer): void {
  let at = firstItemAt;
  for (let count = Math.min(message[24] ?? 0, maxItems); count > 0; count -= 1) {
    if (at + valueAt > message.length) return;
    swapFields(message, 2, [at]);
    swapFields(message, 8, [at + 272]);
    const bytes = valueBytes[message[at + 264] as number];
    const length = Number(message.readBigUInt64LE(at + 272));
    if (bytes === length) swapFields(message, bytes, [at + valueAt]);
    at = nextItem(at, length);
  }
}

/** The items; undefined in place of one that runs over the message's end. */
function* items(message: Buffer) {
  let at = firstItemAt;
  for (let count = Math.min(message[24] as number, maxItems); count > 0; count -= 1) {
    if (at + valueAt > message.length) {
      yield undefined;
      return;
    }
    const length = Number(message.readBigUInt64LE(at + 272));
    if (length > message.length - at - valueAt) {
      yield undefined;
      return;
    }
    yield { at, keyBytes: Math.min(message.readUInt16LE(at), maxKeyBytes), type: message[at + 264] as number, length };
    at = nextItem(at, length);
  }
}

function nextItem(at: number, length: number): number {
  return at + Math.ceil((valueAt + length) / 8) * 8;
}
