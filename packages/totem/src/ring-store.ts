import { closeSync, constants, fdatasync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const RECORD_BYTES = 8;

/** The ring sequence number on disk: `STATEDIR/ringid_NODEID`, a native u64 (totem.md 6.4). */
export class RingStore {
  readonly path: string;
  readonly #descriptor: number;

  /** Opens the file, and creates it with 0 when it is absent or too short. @throws {Error} when it cannot be opened */
  constructor(stateDirectory: string, nodeId: number) {
    mkdirSync(stateDirectory, { recursive: true });
    this.path = join(stateDirectory, `ringid_${nodeId}`);
    this.#descriptor = openSync(this.path, constants.O_RDWR | constants.O_CREAT, 0o600);
  }

  /** The stored number, 0 when there is none. @throws {Error} when it is 2^53 or more, which no ring reaches */
  load(): number {
    const record = Buffer.alloc(RECORD_BYTES);
    if (readSync(this.#descriptor, record, 0, RECORD_BYTES, 0) < RECORD_BYTES) {
      this.store(0);
      return 0;
    }
    const seq = record.readBigUInt64LE();
    if (seq > BigInt(Number.MAX_SAFE_INTEGER - 1024)) {
      throw new Error(
        `${this.path} holds an impossible ring sequence number; remove the file if this node is in no ring`,
      );
    }
    return Number(seq);
  }

  /**
   * Stores the number: it survives the end of this process when the call returns, and a power cut soon after. (Waiting
   * for the disk here would put a slow disk's seconds into every membership change; after a power cut a number that was
   * lost is made up for by the peers', which are higher.)
   * @throws {Error} when it cannot be written: then the process must end
   */
  store(seq: number): void {
    const record = Buffer.alloc(RECORD_BYTES);
    record.writeBigUInt64LE(BigInt(seq));
    if (writeSync(this.#descriptor, record, 0, RECORD_BYTES, 0) !== RECORD_BYTES) {
      throw new Error(`${this.path} could not be written in full`);
    }
    fdatasync(this.#descriptor, () => {});
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
