import { ByteWriter } from '../wire/bytes.ts';

const maxBatchBytes = 512 * 1024;

/** Collects a client's events of one turn into few frames (see wire/protocol.ts). */
export class EventWriter {
  readonly #send: (body: Buffer) => void;
  #batch: ByteWriter | undefined;

  constructor(send: (body: Buffer) => void) {
    this.#send = send;
  }

  /** Adds one event: number and fields. It is sent when the current turn of the program ends. */
  add(event: ByteWriter): void {
    this.#room(event.length + 4).bytes(event.finish());
  }

  /** Adds a delivery without building it apart: the hot path. */
  addDelivery(kind: number, nodeId: number, pid: number, data: Uint8Array): void {
    const bytes = 1 + 4 + 4 + 4 + data.length;
    this.#room(bytes + 4)
      .u32(bytes)
      .u8(kind)
      .u32(nodeId)
      .u32(pid)
      .bytes(data);
  }

  flush(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    this.#batch = undefined;
    this.#send(batch.finish());
  }

  #room(bytes: number): ByteWriter {
    if (this.#batch !== undefined && this.#batch.length + bytes > maxBatchBytes) this.flush();
    if (this.#batch === undefined) {
      this.#batch = new ByteWriter(Math.max(1024, bytes));
      queueMicrotask(() => this.flush());
    }
    return this.#batch;
  }
}
