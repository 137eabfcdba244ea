import type { SimProcess } from './process.ts';
import type { SimWorld } from './world.ts';

/**
 * A machine's disk. A write that was acknowledged survives its process; one under way when the process died is there or
 * not. What was only written behind can still be lost in a power cut.
 */
export class SimDisk {
  readonly #world: SimWorld;
  /** What a process that starts now reads. */
  #files = new Map<string, Uint8Array>();
  /** What a power cut leaves. */
  #platter = new Map<string, Uint8Array>();
  #lastDoneMs = 0;
  /** Counts power cuts and losses: writes that began before do not end. */
  #life = 0;
  /** How long a write takes, in ms. */
  latencyMinMs = 0.05;
  latencyMaxMs = 2;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  read(key: string): Uint8Array | undefined {
    return this.#files.get(key);
  }

  /** Writes `bytes` through; `done` is input of `owner` once they are on disk. */
  write(owner: SimProcess, key: string, bytes: Uint8Array, done: () => void): void {
    const copy = Uint8Array.from(bytes);
    this.#later(() => {
      if (!owner.alive && this.#world.random.chance(0.5)) return;
      this.#files.set(key, copy);
      this.#platter.set(key, copy);
      owner.input(done);
    });
  }

  /** Writes `bytes` behind: the end of `owner` cannot undo it from now on, a power cut can until the write ends. */
  writeBehind(key: string, bytes: Uint8Array): void {
    const copy = Uint8Array.from(bytes);
    this.#files.set(key, copy);
    this.#later(() => this.#platter.set(key, copy));
  }

  /** What was not on disk yet is gone. */
  cutPower(): void {
    this.#life += 1;
    this.#files = new Map(this.#platter);
  }

  /** The disk broke, an empty one is put in. */
  replace(): void {
    this.#life += 1;
    this.#files = new Map();
    this.#platter = new Map();
  }

  /** Writes to one disk end in the order they were asked for. */
  #later(end: () => void): void {
    const { random, nowMs } = this.#world;
    const life = this.#life;
    this.#lastDoneMs = Math.max(this.#lastDoneMs, nowMs + random.between(this.latencyMinMs, this.latencyMaxMs));
    this.#world.after(this.#lastDoneMs - nowMs, () => {
      if (life === this.#life) end();
    });
  }
}
