import { type ConfigurationChange, formatRingId, type RingId } from '@sanode/totem';
import { AgreedOrder } from './agreed-order.ts';
import { invariant } from './invariant-error.ts';
import type { Run } from './run.ts';

/** Each fault may cost some rings. Most lives see 10 to 40; nodes that break up each other's attempts make thousands. */
const ATTEMPTS_LIMIT = 250;

/** A run came into a ring. */
export interface Installation {
  readonly run: Run;
  /** Its ring before; undefined: its first. */
  readonly from: RingRecord | undefined;
  readonly transitional: readonly number[];
}

/** Everything that is known of one ring. */
export interface RingRecord {
  readonly id: RingId;
  readonly name: string;
  /** The run that made the ring: of the node with the lowest id. */
  readonly maker: Run;
  /** Members, ascending; undefined until somebody installed it. */
  members: readonly number[] | undefined;
  readonly installations: Installation[];
  /** The id was given twice, as its representative's disk was lost: what belongs to which cannot be told. */
  ambiguous: boolean;
  /** By sequence number: what was multicast in this ring. */
  readonly packets: Map<number, Buffer>;
  readonly order: AgreedOrder;
  /** What the services of a member had agreed on when their synchronization ended. */
  agreement: string | undefined;
}

/** The rings of a simulation: their ids only grow, and an id names one ring (design: "Same order"). */
export class Rings {
  readonly #records = new Map<string, RingRecord>();
  /** Highest ring sequence number that a node has installed, as far as its disk remembers. */
  readonly #floors = new Map<number, number>();
  /** Nodes whose disk forgot a ring id. */
  readonly #forgetful = new Set<number>();
  count = 0;
  reusedIds = 0;

  /** A ring that was made before. */
  get(id: RingId): RingRecord | undefined {
    return this.#records.get(formatRingId(id));
  }

  /** `maker` creates the commit token of a new ring. */
  made(maker: Run, id: RingId): RingRecord {
    const name = formatRingId(id);
    invariant(id.rep === maker.node, () => `${maker.name} made ring ${name}, which is not its own`);
    const known = this.#records.get(name);
    if (known?.maker === maker) return known;
    if (known !== undefined) {
      // An attempt that nobody saw the end of may have been forgotten with its maker.
      const allowed = known.members === undefined || this.#forgetful.has(maker.node);
      invariant(allowed, () => `${maker.name} made ring ${name}, as ${known.maker.name} did`);
      known.ambiguous = true;
      this.reusedIds += 1;
    }
    const record: RingRecord = {
      id,
      name,
      maker,
      members: undefined,
      installations: [],
      ambiguous: known !== undefined,
      packets: new Map(),
      order: new AgreedOrder(),
      agreement: undefined,
    };
    this.#records.set(name, record);
    this.count += 1;
    invariant(this.count <= ATTEMPTS_LIMIT, () => `${this.count} rings were tried to be made, for far fewer faults`);
    return record;
  }

  /** `run` installs a regular configuration. */
  installed(run: Run, change: ConfigurationChange): RingRecord {
    const name = formatRingId(change.ringId);
    const ring = this.#records.get(name);
    invariant(ring !== undefined, () => `${run.name} installed ring ${name}, which nobody made`);
    const floor = this.#floors.get(run.node) ?? 0;
    invariant(change.ringId.seq > floor, () => `${run.name} installed ring ${name} after one with number ${floor}`);
    this.#floors.set(run.node, change.ringId.seq);
    const members = [...change.members].sort((a, b) => a - b);
    invariant(members.includes(run.node), () => `${run.name} installed ring ${name} [${members}] without itself`);
    invariant(members[0] === ring.id.rep, () => `ring ${name} [${members}] is not named after its lowest member`);
    ring.members ??= members;
    invariant(ring.ambiguous || `${ring.members}` === `${members}`, () => {
      return `ring ${name} has members [${ring.members}], and at ${run.name} [${members}]`;
    });
    return ring;
  }

  /** The node's disk lost the last ring ids, or all. */
  forgotten(node: number): void {
    this.#floors.delete(node);
    this.#forgetful.add(node);
  }
}
