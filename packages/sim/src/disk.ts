import type { SimProcess } from './process.ts';
import type { SimWorld } from './world.ts';

/** A machine's disk: what was acknowledged stays, what was under way when its process died is there or not. */
export class SimDisk {
  readonly #world: SimWorld;
  readonly #files = new Map<string, Uint8Array>();
  #lastDoneMs = 0;
  /** How long a write takes, in ms. */
  latencyMinMs = 0.05;
  latencyMaxMs = 2;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  read(key: string): Uint8Array | undefined {
    return this.#files.get(key);
  }

  /** Writes `bytes`; `done` is input of `owner` once they are on disk. */
  write(owner: SimProcess, key: string, bytes: Uint8Array, done: () => void): void {
    const { random, nowMs } = this.#world;
    const copy = Uint8Array.from(bytes);
    // Writes to one disk end in the order they were asked for.
    this.#lastDoneMs = Math.max(this.#lastDoneMs, nowMs + random.between(this.latencyMinMs, this.latencyMaxMs));
    this.#world.after(this.#lastDoneMs - nowMs, () => {
      if (!owner.alive && random.chance(0.5)) return;
      this.#files.set(key, copy);
      owner.input(done);
    });
  }
}
