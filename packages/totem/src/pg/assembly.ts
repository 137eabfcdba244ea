import { PROCESSOR_LIMIT } from '../codec/header.ts';
import { PG_HEADER_BYTES } from './packer.ts';

/** Longest message in assembly: the largest one allowed, and a packet more (totem.md 10.4). */
const ASSEMBLY_BYTES_LIMIT = 1024 * 1024 + 64 * 1024;

interface NodeAssembly {
  /** Pieces of a message whose end has not come yet. */
  pieces: Buffer[];
  bytes: number;
  /** `fragmented` of the packet before. */
  lastFragment: number;
  /** A piece was missed: everything up to the end of its message is dropped. */
  throwing: boolean;
}

/** Puts the messages of each node together again from totempg packets (totem.md 10.4). One of the two sets. */
export class AssemblySet {
  readonly #nodes = new Map<number, NodeAssembly>();

  /** Forgets what nodes that left had begun. */
  forget(nodeIds: readonly number[]): void {
    for (const nodeId of nodeIds) this.#nodes.delete(nodeId);
  }

  /**
   * Takes the next packet of `nodeId`.
   * @returns the messages that are complete now, or what is wrong with the packet, in the reference's words
   */
  take(nodeId: number, packet: Buffer, foreign: boolean): Buffer[] | string {
    const pieces = splitPacket(nodeId, packet, foreign);
    if (typeof pieces === 'string') return pieces;
    const fragmented = packet[4] as number;
    const continuation = packet[5] as number;
    let assembly = this.#nodes.get(nodeId) ?? newAssembly();
    if (assembly.throwing || continuation !== assembly.lastFragment) {
      // The reference drops the whole packet. But what follows the end of the message that was missed is whole, and the
      // others have it: a process that joins a group, for one.
      if (continuation !== 0) pieces.shift();
      if (pieces.length === 0) {
        this.#missed(nodeId, fragmented !== 0);
        return [];
      }
      assembly = newAssembly();
    }
    if (this.#nodes.size >= PROCESSOR_LIMIT && !this.#nodes.has(nodeId) && fragmented !== 0) {
      return `Message of node ${nodeId} is begun while ${PROCESSOR_LIMIT} nodes' messages are...  Ignoring.`;
    }
    const messages = complete(assembly, pieces, fragmented);
    if (fragmented === 0) {
      this.#nodes.delete(nodeId);
      return messages;
    }
    if (assembly.bytes > ASSEMBLY_BYTES_LIMIT) {
      this.#missed(nodeId, true);
      return `Message of node ${nodeId} is longer than ${ASSEMBLY_BYTES_LIMIT} bytes...  Ignoring.`;
    }
    assembly.lastFragment = fragmented;
    this.#nodes.set(nodeId, assembly);
    return messages;
  }

  /** A message was missed. @param goesOn its end is still to come */
  #missed(nodeId: number, goesOn: boolean): void {
    if (!goesOn) this.#nodes.delete(nodeId);
    else if (this.#nodes.has(nodeId) || this.#nodes.size < PROCESSOR_LIMIT) {
      this.#nodes.set(nodeId, { ...newAssembly(), throwing: true });
    }
  }
}

function newAssembly(): NodeAssembly {
  return { pieces: [], bytes: 0, lastFragment: 0, throwing: false };
}

/** Adds the pieces to what was begun. @returns the messages that end in this packet */
function complete(assembly: NodeAssembly, pieces: readonly Buffer[], fragmented: number): Buffer[] {
  const messages: Buffer[] = [];
  const whole = fragmented === 0 ? pieces.length : pieces.length - 1;
  pieces.forEach((piece, index) => {
    if (index >= whole) {
      assembly.pieces.push(piece);
      assembly.bytes += piece.length;
      return;
    }
    messages.push(assembly.pieces.length === 0 ? piece : Buffer.concat([...assembly.pieces, piece]));
    assembly.pieces = [];
    assembly.bytes = 0;
  });
  return messages;
}

function splitPacket(nodeId: number, packet: Buffer, foreign: boolean): Buffer[] | string {
  if (packet.length < PG_HEADER_BYTES) return tooShort(nodeId, '');
  const u16 = (offset: number): number => (foreign ? packet.readUInt16BE(offset) : packet.readUInt16LE(offset));
  const count = u16(6);
  let offset = PG_HEADER_BYTES + 2 * count;
  if (packet.length < offset) return tooShort(nodeId, ' datasize');
  const pieces: Buffer[] = [];
  for (let index = 0; index < count; index += 1) {
    const length = u16(PG_HEADER_BYTES + 2 * index);
    pieces.push(packet.subarray(offset, offset + length));
    offset += length;
  }
  if (packet.length === offset) return pieces;
  return (
    `Message (totempg_mcast) received from node ${nodeId} doesn't have expected length of ${offset} ` +
    `(has ${packet.length}) bytes...  Ignoring.`
  );
}

function tooShort(nodeId: number, part: string): string {
  return `Message (totempg_mcast${part}) received from node ${nodeId} is too short...  Ignoring.`;
}
