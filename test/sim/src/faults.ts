import { CALM, type NetworkFaults, type SimDisk, type SimNetwork, type SimWorld } from '@sanode/sim';
import type { Crash, RingNode } from './ring-node.ts';

/** Kinds of faults, in the summary's words. */
const KINDS = [
  'loss',
  'duplication',
  'reordering',
  'delay',
  'asymmetric cut',
  'partition',
  'process killed',
  'power cut',
  'disk lost',
  'orderly leave',
  'restart',
  'pause',
  'slow disk',
  'forced gather',
  'send queue flooded',
  'fault under load',
] as const;
type Kind = (typeof KINDS)[number];

/** Everything that a fault plan changes. */
export interface FaultTargets {
  readonly world: SimWorld;
  readonly network: SimNetwork;
  readonly nodes: readonly RingNode[];
  readonly disks: readonly SimDisk[];
}

/** A quiet network of one seed, and when its faults end. */
export interface FaultSettings {
  readonly calm: NetworkFaults;
  readonly endMs: number;
  /** Longest time between two faults. */
  readonly gapMs: number;
}

/** Lets one thing go wrong after the other, all drawn from the seed, until it is told to end. */
export class FaultPlan {
  readonly counts = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
  readonly #targets: FaultTargets;
  readonly #settings: FaultSettings;

  constructor(targets: FaultTargets, settings: FaultSettings) {
    this.#targets = targets;
    this.#settings = settings;
  }

  /** Does one thing now, and plans the next. */
  next(): void {
    const { world, network, nodes } = this.#targets;
    const { random } = world;
    if (world.nowMs > this.#settings.endMs) return;
    const node = random.pick(nodes);
    const faults: (() => void)[] = [
      () => this.#crash(node),
      () => this.#crash(node),
      () => this.#partition(),
      () => this.#cut(node, random.pick(nodes)),
      () => network.healAll(),
      () => network.healAll(),
      () => this.#pause(node),
      () => this.#weather(random.between(0, 0.25)),
      () => this.#weather(0),
      () => this.#slowDisk(node),
      () => this.#oddity(node),
    ];
    const fault = random.pick(faults);
    if (random.chance(0.3)) this.#underLoad(fault);
    else fault();
    world.after(random.between(20, this.#settings.gapMs), () => this.next());
  }

  /** Lets a fault come while messages are on their way, which recovery then has to save. */
  #underLoad(fault: () => void): void {
    const { world, nodes } = this.#targets;
    const { random } = world;
    this.counts['fault under load'] += 1;
    for (const node of nodes.filter(() => random.chance(0.5))) {
      if (!node.running || node.process?.paused === true) continue;
      for (let count = 5 + random.below(20); count > 0; count -= 1) node.send(random.below(600));
    }
    world.after(random.between(0, 5), () => {
      if (world.nowMs <= this.#settings.endMs) fault();
    });
  }

  /** All faults end; who is down comes back. */
  end(): void {
    const { world, network, nodes, disks } = this.#targets;
    world.trace(() => 'calm');
    network.healAll();
    network.faults = this.#settings.calm;
    for (const disk of disks) disk.latencyMaxMs = 2;
    for (const node of nodes) if (!node.running) this.#start(node);
  }

  #crash(node: RingNode): void {
    const { random } = this.#targets.world;
    if (!node.running) return;
    if (random.chance(0.3) && node.process?.paused === false) {
      this.counts['orderly leave'] += 1;
      node.leave();
    } else {
      const how = random.pick<Crash>(['process killed', 'process killed', 'power cut', 'power cut', 'disk lost']);
      this.counts[how] += 1;
      node.crash(how);
    }
    this.#targets.world.after(random.between(20, 2500), () => {
      if (!node.running) this.#start(node);
    });
  }

  #start(node: RingNode): void {
    this.counts.restart += 1;
    node.start();
  }

  #partition(): void {
    const { world, network, nodes } = this.#targets;
    const side = nodes.filter(() => world.random.chance(0.5));
    if (side.length === 0 || side.length === nodes.length) return;
    this.counts.partition += 1;
    world.trace(() => `partition [${side.map((node) => node.id)}] from the rest`);
    for (const a of side) {
      for (const b of nodes) {
        if (side.includes(b)) continue;
        network.cut(a.id, b.id);
        network.cut(b.id, a.id);
      }
    }
  }

  #cut(from: RingNode, to: RingNode): void {
    if (from === to) return;
    this.counts['asymmetric cut'] += 1;
    this.#targets.world.trace(() => `cut ${from.id} > ${to.id}`);
    this.#targets.network.cut(from.id, to.id);
  }

  #pause(node: RingNode): void {
    if (!node.running) return;
    this.counts.pause += 1;
    node.process?.pause(this.#targets.world.random.between(10, 1500));
  }

  /** Each kind of bad weather comes alone or together with others. */
  #weather(badness: number): void {
    const { world, network } = this.#targets;
    const { calm } = this.#settings;
    const { random } = world;
    const level = (share: number): number => (badness > 0 && random.chance(0.7) ? badness * share : 0);
    const faults = { loss: level(1), duplication: level(0.5), reordering: level(1), delay: level(40) };
    for (const kind of ['loss', 'duplication', 'reordering', 'delay'] as const) {
      if (faults[kind] > 0) this.counts[kind] += 1;
    }
    world.trace(() => `weather ${JSON.stringify(faults)}`);
    network.faults = { ...calm, ...faults, delayMaxMs: calm.delayMaxMs + faults.delay };
  }

  #slowDisk(node: RingNode): void {
    this.counts['slow disk'] += 1;
    const disk = this.#targets.disks[node.id - 1] as SimDisk;
    disk.latencyMaxMs = this.#targets.world.random.between(1, 400);
  }

  /** What happens to a node now and then beside faults. */
  #oddity(node: RingNode): void {
    const { random } = this.#targets.world;
    if (!node.running || node.process?.paused === true) return;
    const roll = random.float();
    if (roll < 0.4) node.user?.guestComes();
    else if (roll < 0.6) node.user?.guestGoes(random.chance(0.5));
    else if (roll < 0.99) {
      this.counts['forced gather'] += 1;
      node.group?.forceGather();
    } else this.#flood(node);
  }

  /** Sends until the queue is full. */
  #flood(node: RingNode): void {
    const bytes = node.settings.config.netMtuBytes - 200;
    let accepted = 0;
    while (accepted < 4000 && node.send(bytes)) accepted += 1;
    if (accepted > 0) this.counts['send queue flooded'] += 1;
  }
}

/** A quiet LAN, near or far. */
export function calmNetwork(world: SimWorld): NetworkFaults {
  const { random } = world;
  const farther = random.chance(0.3) ? random.between(1, 6) : 1;
  return { ...CALM, delayMinMs: CALM.delayMinMs * farther, delayMaxMs: CALM.delayMaxMs * farther };
}
