import { MCAST_HEADER_BYTES } from '../codec/mcast.ts';

/** Bytes of a totempg packet before the piece lengths (totem.md 10.1). */
export const PG_HEADER_BYTES = 8;
/** What the reference counts a packet's overhead as when it looks whether a message fits (10.3, 10.5). */
const ADMISSION_OVERHEAD_BYTES = 24;

/** Where packed packets go. */
export interface PacketSink {
  /** Packets that may still be queued. */
  readonly queueAvailable: number;
  /** Queues a packet; its first 45 bytes are the ring's to fill in. */
  enqueue(packet: Buffer): void;
}

/** Packs small messages together and cuts large ones in pieces, exactly as the reference does (totem.md 10.3). */
export class Packer {
  readonly #sink: PacketSink;
  /** U: bytes for piece lengths and pieces in one packet. */
  readonly #usableBytes: number;
  readonly #packetBytesLimit: number;
  readonly #buffer: Buffer;
  #used = 0;
  #lengths: number[] = [];
  #continuation = 0;
  #nextFragment = 1;

  /** @param packetBytesLimit M: the largest totempg packet */
  constructor(sink: PacketSink, packetBytesLimit: number) {
    this.#sink = sink;
    this.#packetBytesLimit = packetBytesLimit;
    this.#usableBytes = packetBytesLimit - PG_HEADER_BYTES;
    this.#buffer = Buffer.alloc(this.#usableBytes);
  }

  /** Packets that the queue must have room for before a message of `bytes` is taken. */
  packetsFor(bytes: number): number {
    return Math.trunc(bytes / (this.#packetBytesLimit - ADMISSION_OVERHEAD_BYTES)) + 1;
  }

  /** Takes one message, given as segments. @returns false when the queue has no room: nothing was taken */
  add(segments: readonly Uint8Array[]): boolean {
    let total = 0;
    let last = -1;
    for (let index = 0; index < segments.length; index += 1) {
      const { length } = segments[index] as Uint8Array;
      total += length;
      if (length > 0) last = index;
    }
    if (this.#sink.queueAvailable < this.packetsFor(total + 2 * this.#lengths.length)) return false;
    let limit = this.#usableBytes - 2 * (this.#lengths.length + 1);
    let pieceBytes = 0;
    for (let index = 0; index <= last; index += 1) {
      const segment = segments[index] as Uint8Array;
      let done = 0;
      while (done < segment.length) {
        // The whole length counts, even when a part of it is gone already: the tail of a large segment is never held back.
        if (segment.length + this.#used < limit - 2) {
          pieceBytes += this.#append(done === 0 ? segment : segment.subarray(done));
          this.#nextFragment = 1;
          done = segment.length;
          continue;
        }
        const taken = Math.min(segment.length - done, limit - this.#used);
        pieceBytes += this.#append(segment.subarray(done, done + taken));
        done += taken;
        this.#emitPiece(pieceBytes, index < last || done < segment.length);
        pieceBytes = 0;
        limit = this.#usableBytes - 2;
      }
    }
    if (pieceBytes > 0) this.#lengths.push(pieceBytes);
    return true;
  }

  /** The token is here: what is packed so far goes along with it. */
  flush(): void {
    if (this.#lengths.length === 0 || this.#sink.queueAvailable === 0) return;
    this.#emit(0);
    this.#continuation = 0;
  }

  /**
   * Queues what is packed so far, before messages go to another queue. The reference leaves it to the next token, which
   * sends it from the other queue: too early, and apart from the beginning of a message, which then is lost to all.
   * (One more packet than `queueAvailable` says always fits, totem.md 8.8.)
   */
  finish(): void {
    if (this.#lengths.length === 0) return;
    this.#emit(0);
    this.#continuation = 0;
  }

  /** The same, if what is packed begins with the end of a message. */
  finishMessage(): void {
    if (this.#continuation !== 0) this.finish();
  }

  #append(bytes: Uint8Array): number {
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
    return bytes.length;
  }

  /** Sends the packet off with its last piece, which goes on in the next packet when `continues`. */
  #emitPiece(pieceBytes: number, continues: boolean): void {
    this.#lengths.push(pieceBytes);
    let fragment = 0;
    if (continues) {
      if (this.#nextFragment === 0) this.#nextFragment = 1;
      fragment = this.#nextFragment;
      this.#nextFragment = (this.#nextFragment + 1) % 256;
    }
    this.#emit(fragment);
    this.#continuation = fragment;
  }

  #emit(fragmented: number): void {
    const lengths = this.#lengths;
    const packet = Buffer.allocUnsafe(MCAST_HEADER_BYTES + PG_HEADER_BYTES + 2 * lengths.length + this.#used);
    let offset = MCAST_HEADER_BYTES;
    packet.writeUInt32LE(0, offset);
    packet[offset + 4] = fragmented;
    packet[offset + 5] = this.#continuation;
    packet.writeUInt16LE(lengths.length, offset + 6);
    offset += PG_HEADER_BYTES;
    for (const length of lengths) offset = packet.writeUInt16LE(length, offset);
    this.#buffer.copy(packet, offset, 0, this.#used);
    this.#lengths = [];
    this.#used = 0;
    this.#sink.enqueue(packet);
  }
}
