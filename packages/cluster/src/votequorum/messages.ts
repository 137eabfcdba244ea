import { newMessage, readFixedText, serviceId, swapFields } from '../engine/message.ts';

/** Executive messages of votequorum (corosync-services.md 5.1). */
export const votequorumFunction = { nodeinfo: 0, reconfigure: 1, qdeviceReg: 2, qdeviceReconfigure: 3 } as const;

export const nodeFlag = {
  quorate: 1,
  leaving: 2,
  waitForAllStatus: 4,
  first: 8,
  deviceRegistered: 16,
  deviceAlive: 32,
  deviceCastVote: 64,
  deviceMasterWins: 128,
} as const;

export const reconfigureParam = { expectedVotes: 1, votes: 2, cancelWaitForAll: 3 } as const;

export const deviceNameBytes = 255;

export interface NodeInfo {
  /** 0 = the quorum device */
  readonly nodeId: number;
  readonly votes: number;
  readonly expectedVotes: number;
  readonly flags: number;
}

export function encodeNodeInfo(info: NodeInfo): Buffer {
  const message = newMessage(serviceId.votequorum, votequorumFunction.nodeinfo, 32);
  message.writeUInt32LE(info.nodeId, 16);
  message.writeUInt32LE(info.votes, 20);
  message.writeUInt32LE(info.expectedVotes, 24);
  message.writeUInt32LE(info.flags >>> 0, 28);
  return message;
}

export function decodeNodeInfo(message: Buffer): NodeInfo | undefined {
  if (message.length < 32) return undefined;
  return {
    nodeId: message.readUInt32LE(16),
    votes: message.readUInt32LE(20),
    expectedVotes: message.readUInt32LE(24),
    flags: message.readUInt32LE(28),
  };
}

export interface Reconfigure {
  readonly nodeId: number;
  readonly value: number;
  readonly param: number;
}

export function encodeReconfigure(change: Reconfigure): Buffer {
  const message = newMessage(serviceId.votequorum, votequorumFunction.reconfigure, 32);
  message.writeUInt32LE(change.nodeId, 16);
  message.writeUInt32LE(change.value, 20);
  message[24] = change.param;
  return message;
}

export function decodeReconfigure(message: Buffer): Reconfigure | undefined {
  if (message.length < 25) return undefined;
  return { nodeId: message.readUInt32LE(16), value: message.readUInt32LE(20), param: message[24] as number };
}

export interface DeviceRegistration {
  readonly register: boolean;
  readonly name: string;
}

export interface DeviceRename {
  readonly oldName: string;
  readonly newName: string;
}

export function encodeDeviceRegistration(register: boolean, name: string): Buffer {
  const message = newMessage(serviceId.votequorum, votequorumFunction.qdeviceReg, 280);
  message.writeUInt32LE(register ? 1 : 0, 16);
  message.write(name, 20, deviceNameBytes - 1);
  return message;
}

export function decodeDeviceRegistration(message: Buffer): DeviceRegistration | undefined {
  if (message.length < 275) return undefined;
  return { register: message.readUInt32LE(16) === 1, name: readFixedText(message, 20, deviceNameBytes) };
}

export function encodeDeviceRename(oldName: string, newName: string): Buffer {
  const message = newMessage(serviceId.votequorum, votequorumFunction.qdeviceReconfigure, 528);
  message.write(oldName, 16, deviceNameBytes - 1);
  message.write(newName, 271, deviceNameBytes - 1);
  return message;
}

export function decodeDeviceRename(message: Buffer): DeviceRename | undefined {
  if (message.length < 526) return undefined;
  const oldName = readFixedText(message, 16, deviceNameBytes);
  return { oldName, newName: readFixedText(message, 271, deviceNameBytes) };
}

/** Turns a message of the other byte order round, in place; its header is right already. */
export function swapVotequorumMessage(fn: number, message: Buffer): void {
  if (fn === votequorumFunction.nodeinfo) swapFields(message, 4, [16, 20, 24, 28]);
  else if (fn === votequorumFunction.reconfigure) swapFields(message, 4, [16, 20]);
  else if (fn === votequorumFunction.qdeviceReg) swapFields(message, 4, [16]);
}
