import { CALM, SimDisk, SimNetwork, SimWorld } from '@sanode/sim';
import { deriveTotemTimings, formatRingId, type TotemConfig } from '@sanode/totem';
import { checkHistories, InvariantError } from './ring-history.ts';
import { RingNode } from './ring-node.ts';

const TOKEN_MS = 300;
const FAULTS_MS = 20_000;
const SETTLE_MS = 20_000;

/** What one simulated life of a ring came to. */
export interface RingResult {
  readonly seed: number;
  readonly nodes: number;
  readonly rings: number;
  readonly messages: number;
  readonly datagrams: number;
  readonly virtualMs: number;
}

/** Lives through one seed: 1 to 5 nodes, faults, then calm. @throws {Error} when an invariant is broken */
export function simulateRing(seed: number, trace?: (line: string) => void): RingResult {
  const simulation = new RingSimulation(seed, trace);
  return simulation.live();
}

class RingSimulation {
  readonly #world: SimWorld;
  readonly #network: SimNetwork;
  readonly #nodes: RingNode[] = [];
  readonly #disks: SimDisk[] = [];

  constructor(seed: number, trace?: (line: string) => void) {
    this.#world = new SimWorld(seed, trace);
    this.#network = new SimNetwork(this.#world);
    const count = 1 + this.#world.random.below(5);
    const members = Array.from({ length: count }, (_, index) => ({
      nodeId: index + 1,
      address: `10.0.0.${index + 1}`,
    }));
    const timings = deriveTotemTimings({ token: TOKEN_MS, tokenCoefficient: 50 }, count);
    for (const { nodeId } of members) {
      const disk = new SimDisk(this.#world);
      const config: TotemConfig = { nodeId, members, timings, netMtuBytes: 1500 };
      this.#disks.push(disk);
      this.#nodes.push(new RingNode({ world: this.#world, network: this.#network, disk }, config));
    }
  }

  live(): RingResult {
    const { random } = this.#world;
    for (const node of this.#nodes) this.#world.after(random.between(0, 500), () => node.start());
    for (const node of this.#nodes) this.#talk(node);
    this.#world.after(random.between(500, 2000), () => this.#fault());
    this.#world.run(FAULTS_MS);
    this.#calm();
    this.#converge();
    const histories = this.#nodes.flatMap((node) => node.histories);
    checkHistories(histories);
    const rings = new Set(
      histories.flatMap((history) =>
        history.events.map((event) => (event.kind === 'change' ? formatRingId(event.change.ringId) : '')),
      ),
    );
    rings.delete('');
    return {
      seed: this.#world.seed,
      nodes: this.#nodes.length,
      rings: rings.size,
      messages: histories.reduce((sum, history) => sum + history.sent.length, 0),
      datagrams: this.#network.sentCount,
      virtualMs: this.#world.nowMs,
    };
  }

  /** The node's application: sends now and then, sometimes much, as long as there are faults. */
  #talk(node: RingNode): void {
    const { random } = this.#world;
    this.#world.after(random.between(5, 400), () => {
      if (this.#world.nowMs > FAULTS_MS) return;
      const burst = random.chance(0.1) ? 40 : 1 + random.below(3);
      if (node.running && node.process?.paused === false) {
        for (let index = 0; index < burst; index += 1) {
          node.send(random.chance(0.1) ? random.below(20_000) : random.below(600));
        }
      }
      this.#talk(node);
    });
  }

  #fault(): void {
    const { random, nowMs } = this.#world;
    if (nowMs > FAULTS_MS) return;
    const node = random.pick(this.#nodes);
    const faults: (() => void)[] = [
      () => this.#crash(node),
      () => this.#crash(node),
      () => this.#partition(),
      () => this.#network.cut(node.id, random.pick(this.#nodes).id),
      () => this.#network.healAll(),
      () => this.#network.healAll(),
      () => node.process?.alive && node.process.pause(random.between(10, 1500)),
      () => this.#weather(random.between(0, 0.25)),
      () => this.#weather(0),
      () => this.#slowDisk(node),
    ];
    random.pick(faults)();
    this.#world.after(random.between(20, 1500), () => this.#fault());
  }

  #crash(node: RingNode): void {
    const { random } = this.#world;
    if (!node.running) return;
    if (random.chance(0.3) && node.process?.paused === false) node.leave();
    else node.crash();
    this.#world.after(random.between(20, 2500), () => {
      if (!node.running) node.start();
    });
  }

  #partition(): void {
    const side = this.#nodes.filter(() => this.#world.random.chance(0.5));
    this.#world.trace(() => `partition [${side.map((node) => node.id)}] from the rest`);
    for (const a of side) {
      for (const b of this.#nodes) {
        if (side.includes(b)) continue;
        this.#network.cut(a.id, b.id);
        this.#network.cut(b.id, a.id);
      }
    }
  }

  #weather(badness: number): void {
    this.#world.trace(() => `weather ${badness.toFixed(2)}`);
    this.#network.faults = {
      loss: badness,
      duplication: badness / 2,
      reordering: badness,
      delayMinMs: CALM.delayMinMs,
      delayMaxMs: CALM.delayMaxMs + badness * 40,
    };
  }

  #slowDisk(node: RingNode): void {
    const disk = this.#disks[node.id - 1] as SimDisk;
    disk.latencyMaxMs = this.#world.random.between(1, 400);
  }

  /** All faults end; who is down comes back. */
  #calm(): void {
    this.#world.trace(() => 'calm');
    this.#network.healAll();
    this.#network.faults = CALM;
    for (const disk of this.#disks) disk.latencyMaxMs = 2;
    for (const node of this.#nodes) if (!node.running) node.start();
  }

  /** One ring of all nodes within a bound, and everything that was accepted arrives, at the sender too. */
  #converge(): void {
    const all = this.#nodes.length;
    const settled = (): boolean => {
      const first = this.#nodes[0]?.group?.ringId;
      return this.#nodes.every(
        (node) =>
          node.process?.paused === false &&
          node.syncComplete &&
          node.group?.state === 'operational' &&
          node.group.members.length === all &&
          first !== undefined &&
          formatRingId(node.group.ringId) === formatRingId(first),
      );
    };
    if (!this.#world.run(this.#world.nowMs + SETTLE_MS, settled)) {
      const states = this.#nodes.map((node) => `${node.id}: ${node.group?.state} [${node.group?.members}]`);
      throw new InvariantError(`no common ring ${SETTLE_MS} ms after the faults ended: ${states.join(', ')}`);
    }
    for (const node of this.#nodes) {
      if (!node.send(100)) throw new InvariantError(`node ${node.id} cannot send in the settled ring`);
    }
    const last = this.#nodes.map(
      (node) => `${node.history.run}#${(node.history.sent.at(-1)?.number ?? -1).toString()}`,
    );
    const received = (node: RingNode): number => {
      const tail = node.history.events.filter((event) => event.kind === 'message');
      return last.filter((name) => tail.some((event) => `${event.id.sender}#${event.id.number}` === name)).length;
    };
    this.#world.run(this.#world.nowMs + 3000);
    for (const node of this.#nodes) {
      if (received(node) !== all) throw new InvariantError(`node ${node.id} lacks messages of the settled ring`);
      this.#checkSelfDelivery(node);
    }
  }

  #checkSelfDelivery(node: RingNode): void {
    const { history } = node;
    const own = new Set<number>();
    for (const event of history.events) {
      if (event.kind === 'message' && event.id.sender === history.run) own.add(event.id.number);
    }
    const missing = history.sent.filter((id) => !own.has(id.number)).map((id) => id.number);
    if (missing.length > 0) throw new InvariantError(`${history.run} did not receive its own messages ${missing}`);
  }
}
