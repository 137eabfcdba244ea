import { Bzip2Error, bzip2Compress, bzip2Decompress } from './bzip2.ts';

/**
 * The frame around every Pacemaker message in CPG (controller.md 1.1): a header of 592 bytes in little-endian order,
 * then XML text with its NUL, or a bzip2 stream of that.
 */
export const FRAME_HEADER_BYTES = 592;
/** Text (with NUL) of at least this many bytes is compressed. */
export const COMPRESS_FROM_BYTES = 131_072;
/** Largest text accepted from a peer after decompression; a peer's length field alone must not take all memory. */
export const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/** Message types of the host and sender blocks. */
export const frameType = {
  none: 0,
  ais: 1,
  lrmd: 2,
  cib: 3,
  crmd: 4,
  attrd: 5,
  stonithd: 6,
  tengine: 7,
  pengine: 8,
  'stonith-ng': 9,
} as const;

const NODE_BLOCK_BYTES = 276;
const HOST_OFFSET = 32;
const SENDER_OFFSET = HOST_OFFSET + NODE_BLOCK_BYTES;
const SIZE_OFFSET = SENDER_OFFSET + NODE_BLOCK_BYTES;
const NAME_MAX_BYTES = 255;
const CS_OK = 1;

/** One end of a message as its frame says it. */
export interface FrameNode {
  /** Corosync node id; 0 = everyone (host) or "see the delivery" (sender). */
  readonly id: number;
  readonly pid: number;
  readonly type: number;
  /** Node name, empty for everyone. */
  readonly name: string;
}

export interface Frame {
  /** Count of the sender's messages, from 1. */
  readonly messageId: number;
  readonly compressed: boolean;
  readonly host: FrameNode;
  readonly sender: FrameNode;
  /** The XML text, without its NUL. */
  readonly text: string;
}

/** A frame that has to be dropped; the message says what is wrong with it. */
export class FrameFormatError extends Error {}

export interface FrameInput {
  messageId: number;
  /** Who it is for; undefined: everyone. */
  host: { id: number; name: string } | undefined;
  hostType: number;
  sender: { pid: number; type: number; name: string };
  text: string;
}

/** Makes a frame. Text of 128 KiB and more is compressed; if that fails it goes as it is, as the reference does. */
export function encodeClusterFrame(input: FrameInput): Buffer {
  const textLength = Buffer.byteLength(input.text);
  let body: Buffer = Buffer.alloc(textLength + 1);
  body.write(input.text, 0, 'utf8');
  const size = body.length;
  let compressed = false;
  if (size >= COMPRESS_FROM_BYTES) {
    try {
      body = bzip2Compress(body);
      compressed = true;
    } catch (error) {
      if (!(error instanceof Bzip2Error)) throw error;
    }
  }
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + body.length);
  frame.writeInt32LE(frame.length, 8);
  frame.writeInt32LE(CS_OK, 16);
  frame.writeUInt32LE(input.messageId >>> 0, 24);
  frame.writeInt32LE(compressed ? 1 : 0, 28);
  writeNode(frame, HOST_OFFSET, input.host?.id ?? 0, 0, input.hostType, input.host?.name ?? '');
  writeNode(frame, SENDER_OFFSET, 0, input.sender.pid, input.sender.type, input.sender.name);
  frame.writeUInt32LE(size, SIZE_OFFSET);
  frame.writeUInt32LE(compressed ? body.length : 0, SIZE_OFFSET + 4);
  body.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

function writeNode(frame: Buffer, offset: number, id: number, pid: number, type: number, name: string): void {
  const bytes = Buffer.from(name, 'utf8').subarray(0, NAME_MAX_BYTES);
  frame.writeUInt32LE(id >>> 0, offset);
  frame.writeUInt32LE(pid >>> 0, offset + 4);
  frame.writeInt32LE(type, offset + 12);
  frame.writeUInt32LE(bytes.length, offset + 16);
  bytes.copy(frame, offset + 20);
}

/** Who a delivered frame is for and from; enough to drop what is not ours before its text is looked at. */
export function readFrameAddress(frame: Buffer): { host: FrameNode; sender: FrameNode } {
  if (frame.length < FRAME_HEADER_BYTES) {
    throw new FrameFormatError(`frame of ${frame.length} bytes is shorter than its header of ${FRAME_HEADER_BYTES}`);
  }
  if (frame.readInt32LE(0) !== 0) throw new FrameFormatError(`unknown message class ${frame.readInt32LE(0)}`);
  return { host: readNode(frame, HOST_OFFSET), sender: readNode(frame, SENDER_OFFSET) };
}

function readNode(frame: Buffer, offset: number): FrameNode {
  const nameBytes = frame.subarray(offset + 20, offset + NODE_BLOCK_BYTES);
  const end = nameBytes.indexOf(0);
  const size = frame.readUInt32LE(offset + 16);
  return {
    id: frame.readUInt32LE(offset),
    pid: frame.readUInt32LE(offset + 4),
    type: frame.readInt32LE(offset + 12),
    name: size === 0 ? '' : nameBytes.toString('utf8', 0, end === -1 ? nameBytes.length : end),
  };
}

/** Checks and decodes a whole frame (steps 5 and 6 of controller.md 1.1). @throws {FrameFormatError} */
export function decodeClusterFrame(frame: Buffer): Frame {
  const { host, sender } = readFrameAddress(frame);
  const declared = frame.readInt32LE(8);
  const error = frame.readInt32LE(16);
  const compressed = frame.readInt32LE(28) !== 0;
  const size = frame.readUInt32LE(SIZE_OFFSET);
  const stored = compressed ? frame.readUInt32LE(SIZE_OFFSET + 4) : size;
  if (error !== CS_OK) throw new FrameFormatError(`frame carries error ${error}`);
  if (declared !== frame.length) throw new FrameFormatError(`frame says ${declared} bytes but has ${frame.length}`);
  if (declared - FRAME_HEADER_BYTES < 1) throw new FrameFormatError('frame has no text');
  if (stored !== declared - FRAME_HEADER_BYTES) {
    throw new FrameFormatError(`frame stores ${declared - FRAME_HEADER_BYTES} bytes but says ${stored}`);
  }
  if (size > MAX_TEXT_BYTES) throw new FrameFormatError(`text of ${size} bytes is over the limit of ${MAX_TEXT_BYTES}`);
  const body = frame.subarray(FRAME_HEADER_BYTES);
  const text = compressed ? decompress(body, size) : body;
  if (text[text.length - 1] !== 0) throw new FrameFormatError('text has no NUL at its end');
  if (text.length > 1 && text[text.length - 2] === 0) throw new FrameFormatError('text ends before its length');
  return {
    messageId: frame.readUInt32LE(24),
    compressed,
    host,
    sender,
    text: text.toString('utf8', 0, text.length - 1),
  };
}

function decompress(body: Buffer, size: number): Buffer {
  try {
    return bzip2Decompress(body, size);
  } catch (error) {
    if (error instanceof Bzip2Error) throw new FrameFormatError(error.message);
    throw error;
  }
}
