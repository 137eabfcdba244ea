import { InvariantError } from './invariant-error.ts';

/** Messages of one run; and room for the numbers that name its other events. */
const RUN_SPAN = 2 ** 32;

/** One life of a node's process, from its start to its end. */
export class Run {
  /** 1, 2, ... over all nodes. */
  readonly index: number;
  readonly node: number;
  /** `node.life` */
  readonly name: string;

  constructor(index: number, node: number, life: number) {
    this.index = index;
    this.node = node;
    this.name = `${node}.${life}`;
  }
}

/** All runs of a simulation, by number. */
export class Runs {
  readonly all: Run[] = [];
  readonly #lives = new Map<number, number>();
  readonly #current = new Map<number, Run>();

  start(node: number): Run {
    const life = (this.#lives.get(node) ?? 0) + 1;
    this.#lives.set(node, life);
    const run = new Run(this.all.length + 1, node, life);
    this.all.push(run);
    this.#current.set(node, run);
    return run;
  }

  /** The last run that started on `node`. */
  of(node: number): Run {
    return this.#current.get(node) as Run;
  }

  /** The run with number `index`; a number that no run has came out of a damaged message. */
  byIndex(index: number): Run {
    const run = this.all[index - 1];
    if (run === undefined) throw new InvariantError(`a message names run ${index}, which never was`);
    return run;
  }

  senderOf(message: number): Run {
    return this.byIndex(Math.floor(message / RUN_SPAN));
  }

  /** `node.life#number` */
  nameOf(message: number): string {
    return `${this.senderOf(message).name}#${numberOf(message)}`;
  }
}

/** One number for "message `number` of `run`". */
export function messageKey(run: Run, number: number): number {
  return run.index * RUN_SPAN + number;
}

/** The sender's number of a message. */
export function numberOf(message: number): number {
  return message % RUN_SPAN;
}
