import type { SimRandom } from '@sanode/sim';

/** Something that reads bytes of others. */
export interface FuzzTarget {
  /** Makes the next input and has it read. Whatever it throws is a defect. */
  next(): void;
  /** What was made of the inputs so far: counters that the target itself keeps. */
  counters(): Readonly<Record<string, number>>;
  /** Everything is over: is what read the inputs still well? @throws {Error} when not */
  finish(): void;
}

/** How a target is made; everything random in it comes from `random`. */
export interface FuzzTargetKind {
  readonly name: string;
  make(random: SimRandom): FuzzTarget;
}
