import { ClusterCore, Icmap } from '@sanode/cluster';
import { type SimDisk, type SimNetwork, SimProcess, type SimWorld } from '@sanode/sim';
import {
  type ConfigurationChange,
  formatRingId,
  type TotemConfig,
  TotemGroup,
  type TotemHost,
  type TotemMessage,
} from '@sanode/totem';
import { type Audit, invariant, type Run } from './audit/index.ts';
import { CpgUser } from './cpg-user.ts';
import { describePacket } from './describe-packet.ts';
import { filler } from './fillers.ts';

const RING_FILE = 'ringid';
/** A token to oneself takes this long, as it takes a turn of the event loop. */
const OWN_TOKEN_MS = 0.05;
/** The test's own messages name a service that no daemon has, so that only the audit looks at them. */
const TEST_SERVICE = 0x7ff0_0000;
const HEADER_BYTES = 16;

/** What a node is made of. */
export interface NodeSettings {
  readonly config: TotemConfig;
  /** Keys below `quorum.`, all u8. */
  readonly quorum: Readonly<Record<string, number>>;
  /** The ring's number is written behind, as the daemon does; else each write ends before the ring goes on. */
  readonly writeBehind: boolean;
}

/** How a process ends without a good-bye, and what becomes of its disk. */
export type Crash = 'process killed' | 'power cut' | 'disk lost';

/** One machine with a ring and its services on it. It can be crashed and started again; its disk stays, or not. */
export class RingNode {
  readonly id: number;
  readonly world: SimWorld;
  readonly settings: NodeSettings;
  readonly #network: SimNetwork;
  readonly #disk: SimDisk;
  readonly #audit: Audit;
  readonly #others: readonly number[];
  process: SimProcess | undefined;
  group: TotemGroup | undefined;
  core: ClusterCore | undefined;
  user: CpgUser | undefined;
  run: Run | undefined;
  /** Configurations and messages of the current run, for scenarios that look at them. */
  changes: ConfigurationChange[] = [];
  received: { readonly sender: Run; readonly number: number }[] = [];

  constructor(deps: { world: SimWorld; network: SimNetwork; disk: SimDisk; audit: Audit }, settings: NodeSettings) {
    this.world = deps.world;
    this.#network = deps.network;
    this.#disk = deps.disk;
    this.#audit = deps.audit;
    this.settings = settings;
    const { nodeId, members } = settings.config;
    this.id = nodeId;
    this.#others = members.map((member) => member.nodeId).filter((id) => id !== nodeId);
  }

  get running(): boolean {
    return this.process?.alive === true;
  }

  /** Its services are ready, so that it sends. */
  get synchronized(): boolean {
    return this.core?.syncInProgress === false;
  }

  start(): void {
    const run = this.#audit.start(this.id);
    const process = new SimProcess(this.world, `n${run.name}`);
    const group: TotemGroup = new TotemGroup(this.#host(process, run), this.settings.config);
    const core = this.#services(process, group, run);
    this.run = run;
    this.process = process;
    this.group = group;
    this.core = core;
    this.user = new CpgUser({ audit: this.#audit, cpg: core.cpg, core, run, world: this.world });
    this.changes = [];
    this.received = [];
    this.#network.attach(this.id, (from, packet) => process.input(() => group.receive(packet, `10.0.0.${from}`)));
    const stored = this.#disk.read(RING_FILE);
    core.start();
    group.start(stored === undefined ? 0 : Number(Buffer.from(stored).readBigUInt64LE()));
  }

  /** The process ends without a word. */
  crash(how: Crash): void {
    this.world.trace(() => `n${this.run?.name}: ${how}`);
    this.#end();
    if (how === 'power cut') this.#disk.cutPower();
    if (how === 'disk lost') this.#disk.replace();
    if (how === 'disk lost' || (how === 'power cut' && this.settings.writeBehind)) this.#audit.rings.forgotten(this.id);
  }

  /** Orderly end. */
  leave(): void {
    this.world.trace(() => `n${this.run?.name}: leaves`);
    this.core?.leaving();
    this.group?.leave();
    this.#end();
  }

  /** Sends a message with `bytes` after its header, when the services are ready. @returns whether it was taken */
  send(bytes: number): boolean {
    const { group, run } = this;
    if (group === undefined || run === undefined || !this.synchronized) return false;
    const number = this.#audit.ring.nextNumber(run);
    const payload = Buffer.allocUnsafe(HEADER_BYTES + bytes);
    payload.writeUInt32LE(TEST_SERVICE, 0);
    payload.writeUInt32LE(run.index, 4);
    payload.writeUInt32LE(number, 8);
    payload.writeUInt32LE(payload.length, 12);
    payload.set(filler(number & 0xff, bytes), HEADER_BYTES);
    if (group.mcast('a', payload) !== 'accepted') return false;
    this.#audit.ring.sent(run);
    this.#checkLimits(group);
    this.world.trace(() => `n${run.name} sends #${number} of ${payload.length} bytes`);
    return true;
  }

  #end(): void {
    this.process?.kill();
    this.#network.attach(this.id, undefined);
    this.group = undefined;
    this.core = undefined;
    this.user = undefined;
  }

  #services(process: SimProcess, group: TotemGroup, run: Run): ClusterCore {
    const icmap = new Icmap();
    const { config, quorum } = this.settings;
    for (const [index, { nodeId }] of config.members.entries()) {
      icmap.set(`nodelist.node.${index}.nodeid`, { type: 'u32', value: nodeId });
      if (nodeId === this.id) icmap.set('nodelist.local_node_pos', { type: 'u32', value: index });
    }
    for (const [key, value] of Object.entries(quorum)) icmap.set(`quorum.${key}`, { type: 'u8', value });
    const unexpected = (what: string) => (): void => {
      throw new Error(`${run.name}: ${what}`);
    };
    const core: ClusterCore = new ClusterCore(
      {
        host: process,
        icmap,
        ring: {
          mcast: (name, payload) => group.mcast(name, payload),
          syncCompleted: () => group.syncCompleted(),
          cancelTokenHold: () => group.cancelTokenHold(),
        },
        cfg: {
          killed: unexpected('killed'),
          shutDown: unexpected('shut down'),
          reload: unexpected('reload'),
        },
        // No simulated ring has expected_votes_tracking.
        evTracking: { load: () => 0, store: unexpected('expected votes stored') },
      },
      {
        nodeId: this.id,
        votequorum: true,
        memberIp: (nodeId) => `r(0) ip(10.0.0.${nodeId}) `,
        synchronized: () => this.#synchronized(core, run),
        mustLeave: unexpected('must leave'),
      },
    );
    return core;
  }

  #host(process: SimProcess, run: Run): TotemHost {
    const { world } = this;
    const { netMtuBytes } = this.settings.config;
    const own = (packet: Buffer, delayMs: number): void => {
      world.after(delayMs, () => process.input(() => this.group?.receive(packet, `10.0.0.${this.id}`)));
    };
    return {
      ...process.coreHost(),
      sendToken: (packet, nodeId) => {
        world.trace(() => `n${run.name} sends ${nodeId} ${describePacket(packet)}`);
        this.#audit.wire.sent(run, packet, netMtuBytes);
        if (nodeId === this.id) own(packet, OWN_TOKEN_MS);
        else this.#network.send(this.id, nodeId, packet);
      },
      multicast: (packet) => {
        world.trace(() => `n${run.name} sends ${describePacket(packet)}`);
        this.#audit.wire.sent(run, packet, netMtuBytes);
        this.#network.multicast(this.id, this.#others, packet);
        own(packet, 0);
      },
      persistRingSequence: (seq, done) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64LE(BigInt(seq));
        if (!this.settings.writeBehind) {
          this.#disk.write(process, RING_FILE, bytes, done);
          return;
        }
        this.#disk.writeBehind(RING_FILE, bytes);
        world.after(0, () => process.input(done));
      },
      afterWaitingDatagrams: (done) => process.afterWaitingInput(done),
      checkInterface: () => {},
      memberCountChanged: () => {},
      deliver: (message) => this.#deliver(run, message),
      configurationChanged: (change) => this.#changed(run, change),
      tokenSent: () => {
        this.core?.tokenSent();
        if (this.group !== undefined) this.#checkLimits(this.group);
      },
      queueLevelChanged: () => {},
    };
  }

  #checkLimits(group: TotemGroup): void {
    const broken = group.brokenLimit();
    invariant(broken === undefined, () => `n${this.run?.name} has ${broken}`);
  }

  #changed(run: Run, change: ConfigurationChange): void {
    this.world.trace(
      () => `n${run.name} ${change.type} ${formatRingId(change.ringId)} [${change.members}] left [${change.left}]`,
    );
    this.changes.push(change);
    this.#audit.changed(run, change);
    this.core?.configurationChanged(change);
  }

  #synchronized(core: ClusterCore, run: Run): void {
    const processes = core.cpg.iterate(false).map(({ nodeId, pid, group }) => `${group} ${nodeId}.${pid}`);
    const info = core.votequorum?.info(0);
    const votes = `${info?.totalVotes} of ${info?.expectedVotes} votes, quorum ${info?.quorum}`;
    const quorate = core.votequorum?.quorate === true;
    this.world.trace(() => `n${run.name} synchronized: ${quorate ? '' : 'not '}quorate, ${votes}; ${processes}`);
    // Nodes that wait for all, or for the node that breaks a tie, remember what they have seen since their start
    // (corosync-services.md 5.5): the votes are the same everywhere, not always what follows from them.
    const { two_node, wait_for_all, auto_tie_breaker } = this.settings.quorum;
    const remembers = (two_node ?? wait_for_all ?? auto_tie_breaker) === 1;
    const told = remembers ? 'quorate or not' : `quorate ${quorate}`;
    this.#audit.synchronized(run, `${told}, ${votes}; ${processes}`);
    invariant(core.quorum.quorate === quorate, () => `${run.name}: quorum and votequorum disagree`);
    this.#checkMajority(core, run, quorate);
    this.user?.ready();
  }

  /** Quorum is by majority: no two partitions can have it. */
  #checkMajority(core: ClusterCore, run: Run, quorate: boolean): void {
    const { config, quorum } = this.settings;
    const majority = Math.floor(config.members.length / 2) + 1;
    const count = core.members.length;
    const lenient = (quorum['two_node'] ?? 0) + (quorum['auto_tie_breaker'] ?? 0) > 0;
    const strict = (quorum['wait_for_all'] ?? 0) > 0;
    const where = (): string =>
      `${run.name} is ${quorate ? '' : 'not '}quorate with ${count} of ${config.members.length}`;
    invariant(lenient || !quorate || count >= majority, where);
    invariant(lenient || strict || quorate || count < majority, where);
  }

  #deliver(run: Run, message: TotemMessage): void {
    const { payload } = message;
    if (message.group === 'a' && payload.readUInt32LE(0) === TEST_SERVICE) this.#receive(run, message);
    this.core?.deliver(message);
  }

  #receive(run: Run, { payload, nodeId }: TotemMessage): void {
    const sender = this.#audit.runs.byIndex(payload.readUInt32LE(4));
    const number = payload.readUInt32LE(8);
    const whole = sender.node === nodeId && payload.readUInt32LE(12) === payload.length;
    const intact = whole && payload.subarray(HEADER_BYTES).equals(filler(number & 0xff, payload.length - HEADER_BYTES));
    invariant(intact, () => `${run.name} received a damaged message from node ${nodeId}`);
    this.world.trace(() => `n${run.name} receives ${sender.name}#${number}`);
    this.received.push({ sender, number });
    this.#audit.ring.delivered(run, sender, number);
  }
}
