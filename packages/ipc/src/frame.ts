/**
 * One frame on a local socket: length (u32 little-endian, of what follows), kind (u8), id (u32), body.
 * A request gets exactly one response with its id; one-way messages and events carry id 0. A ping is answered with a
 * response by the server itself, whatever the daemon speaks: it tells that the daemon's event loop turns.
 */
export const frameKind = { request: 0, response: 1, event: 2, oneWay: 3, ping: 4 } as const;
export type FrameKind = (typeof frameKind)[keyof typeof frameKind];

export interface Frame {
  readonly kind: FrameKind;
  readonly id: number;
  readonly body: Buffer;
}

const headerBytes = 9;

/** A frame that breaks the protocol or a limit; the connection it came from must be closed. */
export class FrameError extends Error {
  readonly code = 'IPC_FRAME';
}

export function encodeFrame(kind: FrameKind, id: number, body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + body.length);
  frame.writeUInt32LE(5 + body.length, 0);
  frame[4] = kind;
  frame.writeUInt32LE(id, 5);
  frame.set(body, headerBytes);
  return frame;
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  readonly #maxBodyBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** @param maxBodyBytes largest body accepted */
  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  /** Bytes of a frame that is not complete yet. */
  get bufferedBytes(): number {
    return this.#bytes;
  }

  /**
   * Takes the next bytes and returns the frames that are complete.
   * @throws {FrameError} on a frame too long, too short or of an unknown kind
   */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Frame[] = [];
    while (this.#bytes >= headerBytes) {
      const length = this.#peek(headerBytes).readUInt32LE(0);
      if (length < 5 || length - 5 > this.#maxBodyBytes) throw new FrameError(`frame length ${length} is out of range`);
      if (this.#bytes < 4 + length) break;
      const bytes = this.#take(4 + length);
      const kind = bytes[4] as number;
      if (kind > frameKind.ping) throw new FrameError(`frame kind ${kind} is unknown`);
      frames.push({ kind: kind as FrameKind, id: bytes.readUInt32LE(5), body: bytes.subarray(headerBytes) });
    }
    return frames;
  }

  #peek(count: number): Buffer {
    const first = this.#chunks[0] as Buffer;
    if (first.length >= count) return first;
    this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }

  #take(count: number): Buffer {
    const all = this.#peek(count);
    this.#bytes -= count;
    if (all.length === count) this.#chunks.shift();
    else this.#chunks[0] = all.subarray(count);
    return all.subarray(0, count);
  }
}
