import { SimDisk, SimNetwork, type SimRandom, SimWorld } from '@sanode/sim';
import { deriveTotemTimings, sameRing, type TotemConfig, type TotemTimings } from '@sanode/totem';
import { Audit, invariant } from './audit/index.ts';
import type { Counts } from './coverage.ts';
import { calmNetwork, FaultPlan } from './faults.ts';
import { RingNode } from './ring-node.ts';

/** A ring of all is there after at most so many times (token + consensus timeout) of calm. */
const SETTLE_ROUNDS = 12;
/** Messages of a settled ring arrive within this time. */
const ARRIVAL_MS = 2000;
const POLL_MS = 2;

/** What one simulated life of a ring came to. */
export interface RingResult {
  readonly seed: number;
  readonly nodes: number;
  readonly rings: number;
  readonly messages: number;
  /** How long the ring of all took, in units of (token + consensus timeout). */
  readonly settleRounds: number;
  readonly counts: Counts;
}

/** Lives through one seed: 1 to 16 nodes, faults, then calm. @throws {Error} when an invariant is broken */
export function simulateRing(seed: number, trace?: (line: string) => void): RingResult {
  return new RingSimulation(seed, trace).live();
}

class RingSimulation {
  readonly #world: SimWorld;
  readonly #network: SimNetwork;
  readonly #audit = new Audit();
  readonly #nodes: RingNode[] = [];
  readonly #timings: TotemTimings;
  readonly #faults: FaultPlan;
  readonly #endMs: number;
  #settleRounds = 0;

  constructor(seed: number, trace?: (line: string) => void) {
    this.#world = new SimWorld(seed, trace);
    const { random } = this.#world;
    this.#network = new SimNetwork(this.#world);
    this.#network.faults = calmNetwork(this.#world);
    const count = drawNodeCount(random);
    const members = Array.from({ length: count }, (_, index) => ({
      nodeId: index + 1,
      address: `10.0.0.${index + 1}`,
    }));
    this.#timings = drawTimings(random, count);
    const netMtuBytes = random.chance(0.2) ? 65_536 : 1500;
    const quorum = drawQuorum(random, count);
    const writeBehind = random.chance(0.5);
    const disks: SimDisk[] = [];
    for (const { nodeId } of members) {
      const disk = new SimDisk(this.#world);
      const config: TotemConfig = { nodeId, members, timings: this.#timings, netMtuBytes };
      disks.push(disk);
      const deps = { world: this.#world, network: this.#network, disk, audit: this.#audit };
      this.#nodes.push(new RingNode(deps, { config, quorum, writeBehind }));
    }
    this.#endMs = random.between(4000, 10_000);
    this.#faults = new FaultPlan(
      { world: this.#world, network: this.#network, nodes: this.#nodes, disks },
      { calm: this.#network.faults, endMs: this.#endMs, gapMs: 600 },
    );
    this.#world.trace(() => `seed ${seed}: ${count} nodes, ${JSON.stringify({ netMtuBytes, quorum, writeBehind })}`);
    this.#world.trace(() => `timings ${JSON.stringify(this.#timings)}`);
  }

  live(): RingResult {
    const { random } = this.#world;
    for (const node of this.#nodes) this.#world.after(random.between(0, 500), () => node.start());
    for (const node of this.#nodes) this.#talk(node);
    this.#world.after(random.between(500, 1500), () => this.#faults.next());
    this.#world.run(this.#endMs);
    this.#faults.end();
    this.#converge();
    return {
      seed: this.#world.seed,
      nodes: this.#nodes.length,
      rings: this.#audit.rings.count,
      messages: this.#audit.runs.all.reduce((sum, run) => sum + this.#audit.ring.nextNumber(run), 0),
      settleRounds: this.#settleRounds,
      counts: this.#counts(),
    };
  }

  /** The node's programs: they send now and then, sometimes much, as long as there are faults. */
  #talk(node: RingNode): void {
    const { random } = this.#world;
    // The ring as a whole is about as busy with many nodes as with few.
    this.#world.after(random.between(5, 400) * Math.max(1, this.#nodes.length / 3), () => {
      if (this.#world.nowMs > this.#endMs) return;
      const burst = random.chance(0.08) ? 30 : 1 + random.below(3);
      if (node.running && node.process?.paused === false) {
        for (let index = 0; index < burst; index += 1) {
          const bytes = drawBytes(random);
          if (random.chance(0.3)) node.user?.send(bytes);
          else node.send(bytes);
        }
      }
      this.#talk(node);
    });
  }

  /** One ring of all nodes within a bound, which stays; and everything that was accepted arrives, at the sender too. */
  #converge(): void {
    const roundMs = this.#timings.tokenMs + this.#timings.consensusMs;
    const calmMs = this.#world.nowMs;
    const settled = (): boolean => this.#settled();
    const states = (): string =>
      this.#nodes.map((node) => `${node.id}: ${node.group?.state} [${node.group?.members}]`).join(', ');
    // A process may be paused still when the faults end.
    while (this.#nodes.some((node) => node.process?.paused === true)) this.#world.run(this.#world.nowMs + POLL_MS);
    const fromMs = this.#world.nowMs;
    invariant(
      this.#pollUntil(settled, SETTLE_ROUNDS * roundMs),
      () => `no common ring ${(this.#world.nowMs - calmMs).toFixed(0)} ms after the faults ended: ${states()}`,
    );
    this.#settleRounds = (this.#world.nowMs - fromMs) / roundMs;
    for (const node of this.#nodes) {
      invariant(node.send(100), () => `node ${node.id} cannot send in the settled ring`);
      invariant(node.user?.send(100) === true, () => `node ${node.id} cannot send to its group in the settled ring`);
    }
    const lacking = (): string | undefined => this.#lacking();
    this.#pollUntil(() => lacking() === undefined, ARRIVAL_MS);
    const lack = lacking();
    invariant(lack === undefined, () => `${lack} in the settled ring`);
    this.#checkGroups();
    this.#world.run(this.#world.nowMs + roundMs);
    invariant(this.#settled(), () => `the settled ring broke without a fault: ${states()}`);
  }

  #settled(): boolean {
    const first = this.#nodes[0]?.group;
    if (first === undefined) return false;
    return this.#nodes.every(
      ({ group, synchronized, user }) =>
        synchronized &&
        user?.joined === true &&
        group?.state === 'operational' &&
        group.members.length === this.#nodes.length &&
        sameRing(group.ringId, first.ringId),
    );
  }

  /** What has not arrived yet of all that was accepted. */
  #lacking(): string | undefined {
    for (const { run, core } of this.#nodes) {
      if (run === undefined || core === undefined) continue;
      for (const audit of [this.#audit.ring, this.#audit.cpg]) {
        if (audit.ownMissing(run) > 0)
          return `${run.name} has not received ${audit.ownMissing(run)} of its own messages`;
        for (const sender of this.#nodes) {
          if (sender.run === undefined) continue;
          const last = audit.nextNumber(sender.run) - 1;
          if (audit.lastReceived(run, sender.run) !== last) return `${run.name} lacks messages of ${sender.run.name}`;
        }
      }
      if (core.quorum.quorate !== true) return `${run.name} has no quorum`;
    }
    return undefined;
  }

  /** The group's members are the processes that joined and did not leave, everywhere. */
  #checkGroups(): void {
    const processes = this.#nodes.flatMap((node) => node.user?.processes ?? []).sort();
    for (const { run, user, core } of this.#nodes) {
      const told = [...(user?.members ?? [])].sort();
      invariant(`${told}` === `${processes}`, () => `${run?.name} was told of members [${told}], not [${processes}]`);
      const listed = core?.cpg.iterate(false).map(({ nodeId, pid }) => `${nodeId}.${pid}`) ?? [];
      invariant(`${listed.sort()}` === `${processes}`, () => `${run?.name} lists [${listed}], not [${processes}]`);
    }
  }

  #pollUntil(done: () => boolean, limitMs: number): boolean {
    const endMs = this.#world.nowMs + limitMs;
    while (this.#world.nowMs < endMs) {
      if (done()) return true;
      this.#world.run(this.#world.nowMs + POLL_MS);
    }
    return done();
  }

  #counts(): Counts {
    const { ring, cpg, wire, rings, sharedTransitions } = this.#audit;
    const size = this.#nodes.length;
    const statistics = (name: string): number =>
      this.#nodes.reduce((sum, node) => sum + (node.group?.stats().srp[name] ?? 0), 0);
    return {
      '1 node': size === 1 ? 1 : 0,
      '2 nodes': size === 2 ? 1 : 0,
      '3 to 5 nodes': size >= 3 && size <= 5 ? 1 : 0,
      '6 to 9 nodes': size >= 6 && size <= 9 ? 1 : 0,
      '10 to 16 nodes': size >= 10 ? 1 : 0,
      ...this.#faults.counts,
      'datagrams lost': this.#network.lostCount,
      'datagrams doubled': this.#network.doubledCount,
      'datagrams that overtook others': this.#network.overtakingCount,
      'messages retransmitted': wire.retransmissionCount,
      'messages resent in recovery': wire.recoveryCount,
      'messages in transitional configurations': ring.transitionalCount,
      'transitional configurations of several nodes': sharedTransitions,
      'survivors compared': ring.comparedCount,
      'survivors that differed in a newcomer (excused)': ring.excusedCount + cpg.excusedCount,
      'ring ids given twice after a lost disk': rings.reusedIds,
      'token lost (last lives)': statistics('operational_token_lost'),
      'recovery given up (last lives)': statistics('recovery_token_lost'),
    };
  }
}

/** Mostly small messages that share packets, some that fill several. */
function drawBytes(random: SimRandom): number {
  const roll = random.float();
  if (roll < 0.9) return random.below(600);
  return roll < 0.98 ? random.below(4000) : random.below(20_000);
}

/** Mostly few nodes, as most clusters are; up to 16. */
function drawNodeCount(random: SimRandom): number {
  if (random.chance(0.05)) return 1;
  if (random.chance(0.85)) return 2 + random.below(4);
  return random.chance(0.7) ? 6 + random.below(4) : 10 + random.below(7);
}

/** Timeouts in the proportions of the defaults but shorter, so that much happens in little time. */
function drawTimings(random: SimRandom, count: number): TotemTimings {
  return deriveTotemTimings(
    {
      token: 150 + random.below(200),
      tokenCoefficient: 10 + random.below(40),
      join: 30 + random.below(40),
      merge: 50 + random.below(150),
      // The default lets an idle ring turn 30 times before it rests.
      seqnoUnchangedConst: random.chance(0.15) ? 30 : 2 + random.below(8),
      sendJoin: random.chance(0.2) ? 10 : 0,
      failRecvConst: random.chance(0.2) ? 20 + random.below(200) : 2500,
      cancelTokenHoldOnRetransmit: random.chance(0.3),
      heartbeatFailuresAllowed: random.chance(0.1) ? 3 : 0,
      maxMessages: 5 + random.below(20),
      windowSize: 30 + random.below(60),
    },
    count,
  );
}

/** Keys below `quorum.` that decide who has quorum. */
function drawQuorum(random: SimRandom, count: number): Readonly<Record<string, number>> {
  if (count === 2 && random.chance(0.6)) return { two_node: 1 };
  const roll = random.float();
  if (roll < 0.15) return { wait_for_all: 1 };
  if (roll < 0.3 && count % 2 === 0) return { auto_tie_breaker: 1 };
  return {};
}
