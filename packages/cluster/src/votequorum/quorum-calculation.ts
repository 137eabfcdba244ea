import type { CoreHost } from '@sanode/runtime';
import type { Icmap } from '../cmap/icmap.ts';
import { type ExpectedVotesStore, type StartSettings, storeRuntimeKey, type VoteSettings } from './config.ts';
import { nodeFlag } from './messages.ts';
import { type Node, type NodeList, sumVotes } from './nodes.ts';

export interface QuorumCalculationDeps {
  readonly host: CoreHost;
  readonly icmap: Icmap;
  readonly nodes: NodeList;
  /** The quorum device's votes, 0 without one. */
  readonly device: Node;
  readonly start: StartSettings;
  readonly store: ExpectedVotesStore;
  /** The expected votes were raised to the votes that are present. */
  raised(expectedVotes: number): void;
  /** Quorum was won or lost. */
  changed(): void;
}

/** How many votes make a quorum, and whether this partition has them (corosync-services.md 5.5). */
export class QuorumCalculation {
  readonly #deps: QuorumCalculationDeps;
  #settings: VoteSettings;
  #quorum = 0;
  #quorate = false;
  #waitForAll: boolean;
  #waitForAllStatus = false;
  #expectedBarrier = 0;
  #storedBarrier: number;
  #members: readonly number[] = [];
  #previousMembers: readonly number[] = [];
  #lowest = 0;
  #highest = 0;

  /** @param storedBarrier the highest expected votes ever, as the store knows them */
  constructor(deps: QuorumCalculationDeps, settings: VoteSettings, storedBarrier: number) {
    this.#deps = deps;
    this.#settings = settings;
    this.#storedBarrier = storedBarrier;
    this.#waitForAll = deps.start.waitForAllAutomatic ? settings.twoNode : deps.start.waitForAll;
  }

  get quorum(): number {
    return this.#quorum;
  }

  get quorate(): boolean {
    return this.#quorate;
  }

  get waitForAll(): boolean {
    return this.#waitForAll;
  }

  /** The highest expected votes ever; undefined without expected_votes_tracking. */
  get storedBarrier(): number | undefined {
    return this.#deps.start.expectedVotesTracking ? this.#storedBarrier : undefined;
  }

  /** The lowest member of the last quorate partition is here. */
  get hasLowest(): boolean {
    return this.#deps.nodes.isMember(this.#lowest);
  }

  /** Takes over settings that were read again. */
  configure(settings: VoteSettings): void {
    this.#settings = settings;
    if (!this.#deps.start.waitForAllAutomatic) return;
    this.#waitForAll = settings.twoNode;
    if (!this.#waitForAll && this.#waitForAllStatus) this.setWaitForAllStatus(false);
  }

  ringChanged(members: readonly number[]): void {
    this.#previousMembers = this.#members;
    this.#members = members;
  }

  setWaitForAllStatus(waiting: boolean): void {
    this.#waitForAllStatus = waiting;
    this.#deps.nodes.setFlag(nodeFlag.waitForAllStatus, waiting);
    storeRuntimeKey(this.#deps.icmap, 'wait_for_all_status', 'u8', waiting ? 1 : 0);
  }

  setExpectedBarrier(value: number): void {
    this.#expectedBarrier = value;
    storeRuntimeKey(this.#deps.icmap, 'ev_barrier', 'u32', value);
  }

  recalculate(allowDecrease: boolean, byNode: boolean): void {
    const { nodes, device, start, icmap } = this.#deps;
    const { us, members } = nodes;
    let total = sumVotes(members);
    let max = members.length;
    if (device.votes !== 0) {
      total = (total + device.votes) >>> 0;
      max += 1;
    }
    if (!byNode) max = 0;
    if (total > us.expectedVotes) {
      us.expectedVotes = total;
      this.#deps.raised(total);
    }
    if (start.expectedVotesTracking && us.expectedVotes > this.#storedBarrier) {
      this.#storedBarrier = us.expectedVotes;
      this.#deps.store.store(this.#storedBarrier);
      storeRuntimeKey(icmap, 'ev_tracking_barrier', 'u32', this.#storedBarrier);
    }
    const result = this.calculate(allowDecrease, max, start.allowDownscale);
    this.#quorum = result.quorum;
    if (max !== 0) for (const node of members) node.expectedVotes = max;
    this.#decide(result.total);
  }

  /** What quorum and total would be; changes nothing. @param max expected votes, 0 for those of the members */
  calculate(allowDecrease: boolean, max: number, allowDownscale: boolean): { quorum: number; total: number } {
    const { nodes, device } = this.#deps;
    let limit = max;
    if (allowDownscale && allowDecrease && limit !== 0) limit = Math.max(this.#expectedBarrier, limit);
    const { members } = nodes;
    let highest = Math.max(0, ...members.map((node) => node.expectedVotes));
    let total = sumVotes(members);
    let count = members.length;
    if (nodes.hasFlag(nodeFlag.deviceCastVote)) {
      total = (total + device.votes) >>> 0;
      count += 1;
    }
    if (limit > 0) highest = limit;
    let quorum = Math.max(Math.trunc((highest + 2) / 2), Math.trunc((total + 2) / 2));
    if (!allowDecrease) quorum = Math.max(this.#quorum, quorum);
    if (this.#settings.twoNode && count <= 2) quorum = 1;
    // The reference keeps it in eight bits.
    return { quorum: quorum & 0xff, total };
  }

  #decide(total: number): void {
    const { nodes, host } = this.#deps;
    if (this.#waitForAll && this.#waitForAllStatus) {
      const expected = nodes.us.expectedVotes;
      if (total !== expected) {
        const votes = `Current votes: ${total} expected_votes: ${expected}`;
        host.log.info({ subsystem: 'VOTEQ' }, `Waiting for all cluster members. ${votes}`);
        return;
      }
      this.setWaitForAllStatus(false);
    }
    let quorate = this.#quorum <= total;
    const tieBroken = !quorate && this.#tieBreakerHolds(total);
    if (quorate) this.#rememberExtremes();
    if (tieBroken || (!quorate && this.#masterWins())) quorate = true;
    const changed = quorate !== this.#quorate;
    this.#quorate = quorate;
    nodes.setFlag(nodeFlag.quorate, quorate);
    if (this.#waitForAll) this.setWaitForAllStatus(!quorate);
    if (changed) this.#deps.changed();
  }

  #rememberExtremes(): void {
    const ids = this.#deps.nodes.members.map((node) => node.id);
    this.#lowest = Math.min(...ids);
    this.#highest = Math.max(...ids);
    storeRuntimeKey(this.#deps.icmap, 'lowest_node_id', 'u32', this.#lowest);
    storeRuntimeKey(this.#deps.icmap, 'highest_node_id', 'u32', this.#highest);
  }

  #tieBreakerHolds(total: number): boolean {
    const { nodes } = this.#deps;
    const { tieBreaker } = this.#settings;
    if (tieBreaker.kind === 'none' || total !== Math.trunc(nodes.us.expectedVotes / 2)) return false;
    if (this.#previousMembers.length - this.#members.length >= this.#quorum) return false;
    if (tieBreaker.kind === 'lowest') return nodes.isMember(this.#lowest);
    if (tieBreaker.kind === 'highest') return nodes.isMember(this.#highest);
    for (const id of tieBreaker.ids) {
      if (this.#members.includes(id)) return true;
      if (this.#previousMembers.includes(id)) return false;
    }
    return false;
  }

  #masterWins(): boolean {
    if ((this.#deps.icmap.number('quorum.device.master_wins') ?? 0) === 0) return false;
    const both = nodeFlag.deviceMasterWins | nodeFlag.deviceCastVote;
    return this.#deps.nodes.members.some((node) => (node.flags & both) === both);
  }
}
