import { newMessage, serviceId, swapFields } from '../engine/message.ts';

/** Executive messages of cfg (corosync-services.md 6.1). */
export const cfgFunction = { ringReenable: 0, killNode: 1, shutdown: 2, reload: 3, cryptoReconfigure: 4 } as const;

const killBytes = 288;
const reasonAt = 32;
const maxReasonBytes = 255;

export interface KillNode {
  readonly nodeId: number;
  /** Longer ones are cut to 254 bytes. */
  readonly reason: string;
}

export function encodeKillNode({ nodeId, reason }: KillNode): Buffer {
  const text = Buffer.from(`${reason}\0`, 'utf8').subarray(0, maxReasonBytes);
  const message = newMessage(serviceId.cfg, cfgFunction.killNode, killBytes);
  message.writeUInt32LE(nodeId, 16);
  message.writeUInt16LE(text.length, 24);
  message.set(text, reasonAt);
  return message;
}

export function decodeKillNode(message: Buffer): KillNode | undefined {
  if (message.length < killBytes) return undefined;
  const length = Math.min(message.readUInt16LE(24), killBytes - reasonAt);
  const reason = message.toString('utf8', reasonAt, reasonAt + length).split('\0', 1)[0] as string;
  return { nodeId: message.readUInt32LE(16), reason };
}

export function encodeShutdown(): Buffer {
  return newMessage(serviceId.cfg, cfgFunction.shutdown, 16);
}

/** @param token what the sender knows its request by; others ignore it */
export function encodeReload(source: { nodeId: number; token: number }): Buffer {
  const message = newMessage(serviceId.cfg, cfgFunction.reload, 32);
  message.writeUInt32LE(source.nodeId, 16);
  message.writeUInt32LE(source.token, 24);
  return message;
}

export function decodeReload(message: Buffer): { nodeId: number; token: number } | undefined {
  if (message.length < 32) return undefined;
  return { nodeId: message.readUInt32LE(16), token: message.readUInt32LE(24) };
}

/** Turns a message of the other byte order round, in place; its header is right already. */
export function swapCfgMessage(fn: number, message: Buffer): void {
  if (fn !== cfgFunction.shutdown) swapFields(message, 4, [16]);
  if (fn === cfgFunction.killNode) swapFields(message, 2, [24]);
}
