import type { ClusterCore } from '@sanode/cluster';
import type { CpgMember } from '@sanode/cluster/client';
import type { SimWorld } from '@sanode/sim';
import { type Audit, invariant, type Run } from './audit/index.ts';
import { filler } from './fillers.ts';

type Cpg = ClusterCore['cpg'];
type Client = ReturnType<Cpg['connect']>;

const GROUP = 'audited';
/** No process id comes twice, so that every change of the group is one of its kind. */
const OBSERVER_PIDS_FROM = 1000;
const GUESTS_LIMIT = 3;
const HEADER_BYTES = 12;
const OK = 1;
const TRY_AGAIN = 6;
/** It has joined already, and waits for its own message. */
const EXIST = 14;

/**
 * The programs of one node that use CPG: an observer that joins a group at once, sends, and has the audit look at what
 * it is given; and guests that come and go.
 */
export class CpgUser {
  readonly #audit: Audit;
  readonly #cpg: Cpg;
  readonly #core: ClusterCore;
  readonly #run: Run;
  readonly #world: SimWorld;
  readonly #observer: Client;
  readonly #guests = new Map<number, Client>();
  #joined = false;
  /** Members of the group as the last change said, ascending. */
  #members: readonly CpgMember[] = [];

  constructor(deps: { audit: Audit; cpg: Cpg; core: ClusterCore; run: Run; world: SimWorld }) {
    this.#world = deps.world;
    this.#audit = deps.audit;
    this.#cpg = deps.cpg;
    this.#core = deps.core;
    this.#run = deps.run;
    this.#observer = this.#cpg.connect(observerPid(this.#run), {
      deliver: (nodeId, pid, data) => this.#deliver(nodeId, pid, data),
      fragment: () => invariant(false, () => `${this.#run.name} received a fragment that nobody sent`),
      configurationChange: (members, left, joined) => this.#changed(members, left, joined),
      totemConfiguration: () => {},
    });
  }

  /** The observer is a member of its group. */
  get joined(): boolean {
    return this.#joined;
  }

  /** Members as `node.pid`, as the observer was told. */
  get members(): readonly string[] {
    return this.#members.map(nameOf);
  }

  /** What runs here and is in the group, or will be. */
  get processes(): readonly string[] {
    return [observerPid(this.#run), ...this.#guests.keys()].map((pid) => `${this.#run.node}.${pid}`);
  }

  /** The services are ready. */
  ready(): void {
    if (this.#joined) return;
    const result = this.#cpg.join(this.#observer, GROUP, false);
    const waits = result === OK || result === TRY_AGAIN || result === EXIST;
    invariant(waits, () => `${this.#run.name} could not join the group: ${result}`);
  }

  /** Multicasts `bytes` from the observer, if it is a member. */
  send(bytes: number): boolean {
    if (!this.#joined) return false;
    const number = this.#audit.cpg.nextNumber(this.#run);
    const data = Buffer.allocUnsafe(HEADER_BYTES + bytes);
    data.writeUInt32LE(this.#run.index, 0);
    data.writeUInt32LE(number, 4);
    data.writeUInt32LE(data.length, 8);
    data.set(filler(number & 0xff, bytes), HEADER_BYTES);
    this.#audit.cpg.sent(this.#run);
    this.#trace(() => `sends CPG #${number} of ${data.length} bytes`);
    this.#cpg.multicast(this.#observer, data, (result) => {
      invariant(result === OK, () => `${this.#run.name} could not multicast to the group: ${result}`);
    });
    return true;
  }

  /** A guest comes. */
  guestComes(): void {
    if (this.#guests.size >= GUESTS_LIMIT) return;
    const pid = this.#audit.nextGuestPid();
    const client = this.#cpg.connect(pid, SILENT);
    if (this.#cpg.join(client, GROUP, false) === OK) this.#guests.set(pid, client);
    else this.#cpg.disconnect(client);
  }

  /** The guest that came first goes, with a good-bye or without. */
  guestGoes(politely: boolean): void {
    for (const [pid, guest] of this.#guests) {
      if (politely) this.#cpg.leave(guest);
      this.#cpg.disconnect(guest);
      this.#guests.delete(pid);
      return;
    }
  }

  #trace(text: () => string): void {
    this.#world.trace(() => `n${this.#run.name} ${text()}`);
  }

  #deliver(nodeId: number, pid: number, data: Buffer): void {
    const sender = this.#audit.runs.byIndex(data.readUInt32LE(0));
    const number = data.readUInt32LE(4);
    const whole = sender.node === nodeId && pid === observerPid(sender) && data.readUInt32LE(8) === data.length;
    const intact = whole && data.subarray(HEADER_BYTES).equals(filler(number & 0xff, data.length - HEADER_BYTES));
    invariant(intact, () => `${this.#run.name} received a damaged CPG message from ${nodeId}.${pid}`);
    const member = this.#members.some((entry) => entry.nodeId === nodeId && entry.pid === pid);
    invariant(member, () => `${this.#run.name} received a CPG message of ${nodeId}.${pid}, which is no member`);
    this.#trace(() => `receives CPG ${sender.name}#${number}`);
    this.#audit.cpg.delivered(this.#run, sender, number);
  }

  /** Nodes come and go with a synchronization, processes by their own messages (corosync-services.md 3.6). */
  #checkReasons(left: readonly CpgMember[], joined: readonly CpgMember[]): void {
    const synchronizing = this.#core.syncInProgress && !this.#audit.cpg.inTransition(this.#run);
    const fits = ({ reason, nodeId }: CpgMember, joins: boolean): boolean => {
      if (joins) return reason === (synchronizing ? REASON.nodeup : REASON.join);
      if (!synchronizing) return reason === REASON.leave || reason === REASON.procdown;
      // A node that was away for so short that nobody came to terms without it no longer lists what it had before.
      return reason === REASON.nodedown || (reason === REASON.procdown && this.#core.members.includes(nodeId));
    };
    const odd = left.find((entry) => !fits(entry, false)) ?? joined.find((entry) => !fits(entry, true));
    invariant(odd === undefined, () => `${this.#run.name} was told of ${odd && nameOf(odd)} for reason ${odd?.reason}`);
  }

  #changed(members: readonly CpgMember[], left: readonly CpgMember[], joined: readonly CpgMember[]): void {
    const before = new Set(this.#joined ? this.members : members.map(nameOf));
    const text = (): string => `[${members.map(nameOf)}] left [${left.map(nameOf)}] joined [${joined.map(nameOf)}]`;
    if (this.#joined) {
      for (const entry of left) before.delete(nameOf(entry));
      for (const entry of joined) before.add(nameOf(entry));
    }
    this.#trace(() => `group ${text()}`);
    const fits = members.length === before.size && members.every((entry) => before.has(nameOf(entry)));
    invariant(fits, () => `${this.#run.name} was told of a group ${text()}, and had [${this.members}]`);
    this.#checkReasons(left, joined);
    this.#members = members;
    const ownJoin = joined.some((entry) => entry.nodeId === this.#run.node && entry.pid === observerPid(this.#run));
    if (ownJoin) {
      this.#joined = true;
      this.#audit.cpg.join(this.#run);
    }
    // Changes that come with a synchronization differ by where a node comes from.
    if (this.#core.syncInProgress && !this.#audit.cpg.inTransition(this.#run)) return;
    const cause = (joined[0] ?? left[0])?.nodeId ?? this.#run.node;
    this.#audit.groupChanged(this.#run, cause, text());
  }
}

const SILENT = {
  deliver: () => {},
  fragment: () => {},
  configurationChange: () => {},
  totemConfiguration: () => {},
};

const REASON = { join: 1, leave: 2, nodedown: 3, nodeup: 4, procdown: 5 } as const;

function nameOf({ nodeId, pid }: CpgMember): string {
  return `${nodeId}.${pid}`;
}

function observerPid(run: Run): number {
  return OBSERVER_PIDS_FROM + run.index;
}
