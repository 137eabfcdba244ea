import type { CoreHost, Timer } from '@sanode/runtime';
import type { RingId } from '@sanode/totem';
import type { VotequorumInfo } from '../client/votequorum.ts';
import { type Icmap, trackAdd, trackDelete, trackModify } from '../cmap/icmap.ts';
import type { Service, ServiceRing, SyncPart } from '../engine/service.ts';
import type { QuorumService } from '../quorum/quorum-service.ts';
import { csResult } from '../wire/results.ts';
import {
  readStartSettings,
  readVoteSettings,
  type StartSettings,
  type TieBreaker,
  VotequorumConfigError,
  type VoteSettings,
} from './config.ts';
import {
  decodeDeviceRegistration,
  decodeDeviceRename,
  decodeNodeInfo,
  decodeReconfigure,
  deviceNameBytes,
  encodeDeviceRegistration,
  encodeDeviceRename,
  encodeNodeInfo,
  encodeReconfigure,
  type NodeInfo,
  nodeFlag,
  reconfigureParam,
  votequorumFunction,
} from './messages.ts';

export const nodeState = { member: 1, dead: 2, leaving: 3 } as const;

interface Node {
  readonly id: number;
  state: number;
  votes: number;
  expectedVotes: number;
  flags: number;
}

export interface VotequorumListener {
  quorum(quorate: boolean, nodes: readonly { readonly nodeId: number; readonly state: number }[]): void;
  nodeList(ringId: RingId, members: readonly number[]): void;
  expectedVotes(expected: number): void;
}

const allChanges = trackAdd | trackDelete | trackModify;

/** Vote quorum (corosync-services.md 5). */
export class VotequorumService implements Service {
  readonly id = 5;
  readonly shortName = 'votequorum';
  readonly functionCount = 4;
  readonly sync: SyncPart;
  readonly #host: CoreHost;
  readonly #ring: ServiceRing;
  readonly #icmap: Icmap;
  readonly #quorumService: QuorumService;
  readonly #start: StartSettings;
  #settings: VoteSettings;
  #tieBreaker: TieBreaker;
  /** All nodes ever seen, in the reference's order (5.2). */
  readonly #nodes: Node[];
  readonly #us: Node;
  readonly #device: Node = { id: 0, state: nodeState.dead, votes: 0, expectedVotes: 0, flags: 0 };
  #deviceName = '';
  #registering: { name: string; answer: (result: number) => void } | undefined;
  #deviceTimer: Timer | undefined;
  #waitingForDevice = false;
  #quorum = 0;
  #quorate = false;
  #waitForAll: boolean;
  #waitForAllStatus = false;
  #lastManStanding: boolean;
  #lastManTimer: Timer | undefined;
  #expectedBarrier = 0;
  #storedBarrier = 0;
  #members: readonly number[] = [];
  #previousMembers: readonly number[] = [];
  #ringId: RingId = { rep: 0, seq: 0 };
  #syncInProgress = false;
  #nodeInfoSent = false;
  #lowest = 0;
  #highest = 0;
  #trackers: VotequorumListener[] = [];

  /** @throws {VotequorumConfigError} */
  constructor(deps: { host: CoreHost; ring: ServiceRing; icmap: Icmap; quorum: QuorumService }) {
    this.#host = deps.host;
    this.#ring = deps.ring;
    this.#icmap = deps.icmap;
    this.#quorumService = deps.quorum;
    this.#us = { id: deps.ring.nodeId, state: nodeState.member, votes: 1, expectedVotes: 0, flags: nodeFlag.first };
    this.#nodes = [this.#us];
    this.#start = readStartSettings(deps.icmap);
    this.#settings = readVoteSettings(deps.icmap, this.#start, undefined);
    this.#tieBreaker = this.#settings.tieBreaker;
    this.#waitForAll = this.#start.waitForAllAutomatic ? this.#settings.twoNode : this.#start.waitForAll;
    this.#lastManStanding = this.#start.lastManStanding;
    for (const text of [...this.#start.warnings, ...this.#settings.warnings]) this.#warn(text);
    this.#applySettings();
    if (this.#waitForAll) this.#setWaitForAllStatus(true);
    this.sync = {
      init: (_transitional, members, ringId) => this.#syncInit(members, ringId),
      process: () => this.#syncProcess(),
      activate: () => this.#syncActivate(),
      abort() {},
    };
    this.#runtime('this_node_id', 'u32', this.#us.id);
    this.#recalculate(false, false);
    this.#watchConfiguration();
  }

  get quorate(): boolean {
    return this.#quorate;
  }

  /** Sends the first message of a starting node. Call when the ring takes messages. */
  start(): void {
    this.#sendNodeInfo(this.#us);
  }

  /** Tells the others before a clean end (5.7; only with allow_downscale). */
  leaving(): void {
    if (!this.#start.allowDownscale) return;
    this.#us.flags |= nodeFlag.leaving;
    this.#sendNodeInfo(this.#us);
  }

  receive(fn: number, senderId: number, message: Buffer): void {
    if (fn === votequorumFunction.nodeinfo) {
      const info = decodeNodeInfo(message);
      if (info !== undefined) this.#receiveNodeInfo(info, senderId);
    } else if (fn === votequorumFunction.reconfigure) {
      const change = decodeReconfigure(message);
      if (change !== undefined) this.#receiveReconfigure(change);
    } else if (fn === votequorumFunction.qdeviceReg) {
      const registration = decodeDeviceRegistration(message);
      if (registration !== undefined) this.#receiveRegistration(registration, senderId);
    } else {
      const rename = decodeDeviceRename(message);
      if (rename !== undefined && rename.oldName === this.#deviceName) this.#deviceName = rename.newName;
    }
  }

  // -- what clients ask (5.8, 5.10); results are csResult numbers

  info(nodeId: number): VotequorumInfo | undefined {
    const node = nodeId === 0 ? this.#us : this.#nodes.find((other) => other.id === nodeId);
    if (node === undefined) return undefined;
    const members = this.#memberNodes();
    const castsVote = (node.flags & nodeFlag.deviceCastVote) !== 0;
    const flag = (on: boolean, bit: number): number => (on ? bit : 0);
    const deviceFlags = (node.flags & (16 | 32 | 64 | 128)) << 2;
    return {
      nodeId: node.id,
      state: node.state,
      votes: node.votes,
      expectedVotes: node.expectedVotes,
      highestExpected: Math.max(0, ...members.map((other) => other.expectedVotes)),
      totalVotes: sumVotes(members) + (castsVote ? this.#device.votes : 0),
      quorum: this.#quorum,
      flags:
        flag(this.#settings.twoNode, 1) |
        flag(this.#quorate, 2) |
        flag(this.#waitForAll, 4) |
        flag(this.#lastManStanding, 8) |
        flag(this.#tieBreaker.kind !== 'none', 16) |
        flag(this.#start.allowDownscale, 32) |
        deviceFlags,
      deviceVotes: this.#device.votes,
      deviceName: this.#deviceName,
    };
  }

  setExpected(expected: number): number {
    const { quorum, total } = this.#calculate(true, expected, false);
    if (expected < total || (this.#quorate && quorum > total)) return csResult.INVALID_PARAM;
    for (const node of this.#memberNodes()) node.expectedVotes = expected;
    this.#sendReconfigure(reconfigureParam.expectedVotes, expected);
    return csResult.OK;
  }

  setVotes(nodeId: number, votes: number): number {
    const node = this.#nodes.find((other) => other.id === nodeId);
    if (node === undefined) return csResult.NAME_NOT_FOUND;
    const saved = node.votes;
    node.votes = votes;
    const { quorum, total } = this.#calculate(true, 0, this.#start.allowDownscale);
    if (quorum < Math.trunc(total / 2) || quorum > total) {
      node.votes = saved;
      return csResult.INVALID_PARAM;
    }
    this.#sendReconfigure(reconfigureParam.votes, votes, nodeId);
    return csResult.OK;
  }

  track(listener: VotequorumListener, current: boolean, changes: boolean): void {
    if (current) {
      listener.nodeList(this.#ringId, this.#members);
      listener.quorum(this.#quorate, this.#stateList());
    }
    if (changes && !this.#trackers.includes(listener)) this.#trackers.unshift(listener);
  }

  isTracking(listener: VotequorumListener): boolean {
    return this.#trackers.includes(listener);
  }

  untrack(listener: VotequorumListener): void {
    this.#trackers = this.#trackers.filter((other) => other !== listener);
  }

  /** @param answer called once, when this node's own registration came back */
  registerDevice(name: string, answer: (result: number) => void): void {
    if (!this.#settings.deviceCanOperate) answer(csResult.ACCESS);
    else if (name === '' || Buffer.byteLength(name) >= deviceNameBytes) answer(csResult.INVALID_PARAM);
    else if (this.#hasFlag(nodeFlag.deviceRegistered)) answer(name === this.#deviceName ? csResult.OK : csResult.EXIST);
    else if (this.#registering !== undefined) answer(csResult.TRY_AGAIN);
    else {
      this.#registering = { name, answer };
      this.#ring.send(encodeDeviceRegistration(true, name));
    }
  }

  unregisterDevice(name: string): number {
    if (!this.#settings.deviceCanOperate) return csResult.ACCESS;
    if (!this.#hasFlag(nodeFlag.deviceRegistered)) return csResult.NOT_EXIST;
    if (name !== this.#deviceName) return csResult.INVALID_PARAM;
    this.#deviceTimer?.cancel();
    this.#us.flags &= ~(16 | 32 | 64 | 128);
    this.#waitingForDevice = false;
    this.#sendNodeInfo(this.#us);
    this.#ring.send(encodeDeviceRegistration(false, name));
    return csResult.OK;
  }

  renameDevice(oldName: string, newName: string): number {
    if (oldName !== this.#deviceName) return csResult.INVALID_PARAM;
    if (Buffer.byteLength(newName) >= deviceNameBytes) return csResult.INVALID_PARAM;
    this.#ring.send(encodeDeviceRename(oldName, newName));
    return csResult.OK;
  }

  pollDevice(name: string, castVote: boolean, ring: RingId): number {
    if (!this.#settings.deviceCanOperate) return csResult.ACCESS;
    if (!this.#hasFlag(nodeFlag.deviceRegistered)) return csResult.NOT_EXIST;
    if (ring.rep !== this.#ringId.rep || ring.seq !== this.#ringId.seq) return csResult.MESSAGE_ERROR;
    if (name !== this.#deviceName) return csResult.INVALID_PARAM;
    const before = this.#us.flags;
    this.#us.flags |= nodeFlag.deviceAlive;
    this.#setFlag(nodeFlag.deviceCastVote, castVote);
    if (this.#us.flags !== before) this.#sendNodeInfo(this.#us);
    this.#armDeviceTimer(this.#settings.deviceTimeoutMs);
    this.#waitingForDevice = false;
    return csResult.OK;
  }

  setMasterWins(name: string, allow: boolean): number {
    if (!this.#hasFlag(nodeFlag.deviceRegistered)) return csResult.NOT_EXIST;
    if (name !== this.#deviceName) return csResult.INVALID_PARAM;
    const before = this.#us.flags;
    this.#setFlag(nodeFlag.deviceMasterWins, allow);
    this.#runtime('qdevice_master_wins', 'u8', allow ? 1 : 0);
    if (this.#us.flags !== before) this.#sendNodeInfo(this.#us);
    return csResult.OK;
  }

  // -- receiving (5.4)

  #receiveNodeInfo(info: NodeInfo, senderId: number): void {
    if (info.nodeId === 0) {
      this.#receiveDeviceInfo(info, senderId);
      return;
    }
    const { node, isNew } = this.#findOrCreate(info.nodeId);
    const old = { ...node };
    const senderQuorate = (info.flags & nodeFlag.quorate) !== 0;
    let allowDecrease = false;
    let byNode = false;
    if (!this.#quorate && senderQuorate) {
      allowDecrease = true;
      this.#us.expectedVotes = info.expectedVotes;
    }
    node.flags = info.flags;
    node.votes = info.votes;
    node.state = nodeState.member;
    if ((info.flags & nodeFlag.leaving) !== 0) {
      node.state = nodeState.leaving;
      allowDecrease = true;
      byNode = true;
    }
    const useTheirs = senderQuorate || this.#start.expectedVotesTracking;
    node.expectedVotes = useTheirs ? info.expectedVotes : this.#us.expectedVotes;
    if (this.#lastManStanding && node.votes > 1) this.#disableLastManStanding();
    const changed =
      old.votes !== node.votes ||
      old.expectedVotes !== node.expectedVotes ||
      old.flags !== node.flags ||
      old.state !== node.state;
    if (isNew || node === this.#us || (node.flags & nodeFlag.first) !== 0 || changed) {
      this.#recalculate(allowDecrease, byNode);
    }
    if (this.#waitForAll && (node.flags & nodeFlag.waitForAllStatus) === 0 && (node.flags & nodeFlag.quorate) !== 0) {
      this.#setWaitForAllStatus(false);
    }
  }

  #receiveDeviceInfo(info: NodeInfo, senderId: number): void {
    const sender = this.#nodes.find((node) => node.id === senderId);
    const before = this.#device.votes;
    const senderQuorate = ((sender?.flags ?? 0) & nodeFlag.quorate) !== 0;
    this.#device.votes = !this.#quorate && senderQuorate ? info.votes : Math.max(before, info.votes);
    if (this.#device.votes !== before) this.#recalculate(false, false);
  }

  #receiveReconfigure({ nodeId, value, param }: { nodeId: number; value: number; param: number }): void {
    if (param === reconfigureParam.expectedVotes) {
      if (value === 0) return;
      for (const node of this.#memberNodes()) node.expectedVotes = value;
      for (const tracker of this.#trackers) tracker.expectedVotes(value);
      this.#setExpectedBarrier(value);
      if (this.#start.expectedVotesTracking) {
        this.#us.expectedVotes = Math.max(this.#us.expectedVotes, this.#expectedBarrier);
      }
      this.#recalculate(true, false);
    } else if (param === reconfigureParam.votes) {
      const node = this.#nodes.find((other) => other.id === nodeId);
      if (node === undefined) return;
      node.votes = value;
      this.#recalculate(true, false);
    } else if (param === reconfigureParam.cancelWaitForAll) {
      this.#setWaitForAllStatus(false);
      this.#host.log.info({ subsystem: 'VOTEQ' }, `wait_for_all_status reset by user on node ${nodeId}.`);
      this.#recalculate(false, false);
    }
  }

  #receiveRegistration({ register, name }: { register: boolean; name: string }, senderId: number): void {
    if (!register) {
      const anyone = this.#memberNodes().some((node) => (node.flags & nodeFlag.deviceRegistered) !== 0);
      if (!anyone) this.#deviceName = '';
      return;
    }
    if (senderId !== this.#us.id) {
      if (this.#deviceName === '') this.#deviceName = name;
      return;
    }
    if (this.#hasFlag(nodeFlag.deviceRegistered)) return;
    const registering = this.#registering;
    if (registering === undefined) {
      // A name that came from others is repeated in each sync; nobody here has asked.
      return;
    }
    this.#registering = undefined;
    if (this.#deviceName === '') this.#deviceName = registering.name;
    if (this.#deviceName !== registering.name) {
      registering.answer(csResult.EXIST);
      return;
    }
    this.#us.flags |= nodeFlag.deviceRegistered;
    this.#sendNodeInfo(this.#device);
    this.#sendNodeInfo(this.#us);
    registering.answer(csResult.OK);
  }

  // -- calculation (5.5)

  #recalculate(allowDecrease: boolean, byNode: boolean): void {
    const members = this.#memberNodes();
    let total = sumVotes(members);
    let max = members.length;
    if (this.#device.votes !== 0) {
      total += this.#device.votes;
      max += 1;
    }
    if (!byNode) max = 0;
    if (total > this.#us.expectedVotes) {
      this.#us.expectedVotes = total;
      for (const tracker of this.#trackers) tracker.expectedVotes(total);
    }
    if (this.#start.expectedVotesTracking && this.#us.expectedVotes > this.#storedBarrier) {
      this.#storedBarrier = this.#us.expectedVotes;
      this.#runtime('ev_tracking_barrier', 'u32', this.#storedBarrier);
    }
    const result = this.#calculate(allowDecrease, max, this.#start.allowDownscale);
    this.#quorum = result.quorum;
    if (max !== 0) for (const node of members) node.expectedVotes = max;
    this.#decide(result.total);
  }

  #calculate(allowDecrease: boolean, max: number, allowDownscale: boolean): { quorum: number; total: number } {
    let limit = max;
    if (allowDownscale && allowDecrease && limit !== 0) limit = Math.max(this.#expectedBarrier, limit);
    const members = this.#memberNodes();
    let highest = Math.max(0, ...members.map((node) => node.expectedVotes));
    let total = sumVotes(members);
    let count = members.length;
    if (this.#hasFlag(nodeFlag.deviceCastVote)) {
      total += this.#device.votes;
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
    if (this.#waitForAll && this.#waitForAllStatus) {
      if (total !== this.#us.expectedVotes) {
        this.#host.log.info(
          { subsystem: 'VOTEQ' },
          `Waiting for all cluster members. Current votes: ${total} expected_votes: ${this.#us.expectedVotes}`,
        );
        return;
      }
      this.#setWaitForAllStatus(false);
    }
    let quorate = this.#quorum <= total;
    const tieBroken = !quorate && this.#tieBreakerHolds(total);
    if (quorate) this.#rememberExtremes();
    if (tieBroken || (!quorate && this.#masterWins())) quorate = true;
    const changed = quorate !== this.#quorate;
    this.#quorate = quorate;
    this.#setFlag(nodeFlag.quorate, quorate);
    if (this.#waitForAll) this.#setWaitForAllStatus(!quorate);
    if (changed && !this.#syncInProgress) this.#announce();
  }

  #rememberExtremes(): void {
    const ids = this.#memberNodes().map((node) => node.id);
    this.#lowest = Math.min(...ids);
    this.#highest = Math.max(...ids);
    this.#runtime('lowest_node_id', 'u32', this.#lowest);
    this.#runtime('highest_node_id', 'u32', this.#highest);
  }

  #tieBreakerHolds(total: number): boolean {
    if (this.#tieBreaker.kind === 'none' || total !== Math.trunc(this.#us.expectedVotes / 2)) return false;
    if (this.#previousMembers.length - this.#members.length >= this.#quorum) return false;
    if (this.#tieBreaker.kind === 'lowest') return this.#isMember(this.#lowest);
    if (this.#tieBreaker.kind === 'highest') return this.#isMember(this.#highest);
    for (const id of this.#tieBreaker.ids) {
      if (this.#members.includes(id)) return true;
      if (this.#previousMembers.includes(id)) return false;
    }
    return false;
  }

  #masterWins(): boolean {
    if ((this.#icmap.number('quorum.device.master_wins') ?? 0) === 0) return false;
    const both = nodeFlag.deviceMasterWins | nodeFlag.deviceCastVote;
    return this.#memberNodes().some((node) => (node.flags & both) === both);
  }

  #announce(): void {
    this.#quorumService.decided(this.#members, this.#quorate, this.#ringId);
    const states = this.#stateList();
    for (const tracker of this.#trackers) tracker.quorum(this.#quorate, states);
  }

  // -- synchronization (5.6)

  #syncInit(members: readonly number[], ringId: RingId): void {
    this.#syncInProgress = true;
    this.#nodeInfoSent = false;
    if (members.length > 1) this.#us.flags &= ~nodeFlag.first;
    let someoneLeft = false;
    for (const id of this.#members) {
      const node = this.#nodes.find((other) => other.id === id);
      if (members.includes(id) || node === undefined) continue;
      node.state = nodeState.dead;
      someoneLeft = true;
    }
    if (this.#lastManStanding) {
      const enough = members.length >= this.#quorum && someoneLeft;
      const tie = members.length <= this.#quorum && this.#tieBreaker.kind !== 'none' && this.#isMember(this.#lowest);
      if (enough || tie) this.#armLastManTimer();
    }
    this.#previousMembers = this.#members;
    this.#members = members;
    this.#ringId = ringId;
    if (this.#hasFlag(nodeFlag.deviceRegistered) && this.#hasFlag(nodeFlag.deviceAlive)) {
      this.#waitingForDevice = true;
      const timeoutMs = this.#settings.deviceSyncTimeoutMs;
      this.#armDeviceTimer(timeoutMs);
      this.#host.log.info(
        { subsystem: 'VOTEQ' },
        `waiting for quorum device ${this.#deviceName} poll (but maximum for ${timeoutMs} ms)`,
      );
    }
  }

  #syncProcess(): boolean {
    if (!this.#nodeInfoSent) {
      this.#nodeInfoSent = true;
      this.#sendNodeInfo(this.#us);
      this.#sendNodeInfo(this.#device);
      if (this.#deviceName !== '') this.#ring.send(encodeDeviceRegistration(true, this.#deviceName));
      for (const tracker of this.#trackers) tracker.nodeList(this.#ringId, this.#members);
    }
    return !this.#waitingForDevice;
  }

  #syncActivate(): void {
    this.#recalculate(false, false);
    this.#announce();
    this.#syncInProgress = false;
  }

  #armLastManTimer(): void {
    this.#lastManTimer?.cancel();
    this.#lastManTimer = this.#host.setTimer(this.#start.lastManStandingWindowMs, () => {
      if (this.#quorate) this.#recalculate(true, true);
    });
  }

  #disableLastManStanding(): void {
    this.#warn('Last Man Standing feature is supported only when allcluster nodes votes are set to 1. Disabling LMS.');
    this.#lastManStanding = false;
    this.#lastManTimer?.cancel();
  }

  #armDeviceTimer(delayMs: number): void {
    this.#deviceTimer?.cancel();
    this.#deviceTimer = this.#host.setTimer(delayMs, () => {
      this.#us.flags &= ~(nodeFlag.deviceAlive | nodeFlag.deviceCastVote);
      this.#host.log.info({ subsystem: 'VOTEQ' }, `lost contact with quorum device ${this.#deviceName}`);
      this.#sendNodeInfo(this.#us);
      this.#waitingForDevice = false;
    });
  }

  // -- configuration (5.3)

  #watchConfiguration(): void {
    const reread = (): void => this.#reread();
    this.#icmap.track('nodelist.', true, allChanges, reread);
    this.#icmap.track('quorum.', true, allChanges, ({ key }) => {
      if (key === 'quorum.cancel_wait_for_all') this.#cancelWaitForAll();
      else reread();
    });
    this.#icmap.track('config.totemconfig_reload_in_progress', false, allChanges, reread);
  }

  #cancelWaitForAll(): void {
    if ((this.#icmap.number('quorum.cancel_wait_for_all') ?? 0) < 1) return;
    this.#icmap.set('quorum.cancel_wait_for_all', { type: 'u8', value: 0 });
    this.#sendReconfigure(reconfigureParam.cancelWaitForAll, 0);
  }

  #reread(): void {
    if (this.#icmap.number('config.totemconfig_reload_in_progress') === 1) return;
    if ((this.#icmap.number('config.reload_status') ?? 1) !== 1) return;
    const before = { votes: this.#us.votes, expected: this.#us.expectedVotes };
    try {
      const runtime = { deviceRegistered: this.#hasFlag(nodeFlag.deviceRegistered) };
      this.#settings = readVoteSettings(this.#icmap, this.#start, runtime);
    } catch (error) {
      if (!(error instanceof VotequorumConfigError)) throw error;
      this.#warn(error.message);
      this.#warn('will continue with current runtime data');
      return;
    }
    for (const text of this.#settings.warnings) this.#warn(text);
    this.#tieBreaker = this.#settings.tieBreaker;
    if (this.#start.waitForAllAutomatic) {
      this.#waitForAll = this.#settings.twoNode;
      if (!this.#waitForAll && this.#waitForAllStatus) this.#setWaitForAllStatus(false);
    }
    this.#applySettings();
    this.#sendNodeInfo(this.#us);
    this.#sendNodeInfo(this.#device);
    if (this.#us.votes !== before.votes) this.#sendReconfigure(reconfigureParam.votes, this.#us.votes);
    if (this.#us.expectedVotes !== before.expected) {
      this.#sendReconfigure(reconfigureParam.expectedVotes, this.#us.expectedVotes);
    }
  }

  #applySettings(): void {
    this.#us.votes = this.#settings.votes;
    this.#us.expectedVotes = this.#settings.expectedVotes;
    this.#device.votes = this.#settings.deviceVotes;
    this.#setExpectedBarrier(this.#us.expectedVotes);
    this.#runtime('two_node', 'u8', this.#settings.twoNode ? 1 : 0);
    const kinds = { none: 0, lowest: 1, highest: 2, list: 3 };
    if (this.#tieBreaker.kind !== 'none') this.#runtime('atb_type', 'u32', kinds[this.#tieBreaker.kind]);
    if ((this.#icmap.text('quorum.device.model') ?? '') !== '') {
      this.#runtime('qdevice_can_operate', 'u8', this.#settings.deviceCanOperate ? 1 : 0);
    }
  }

  // -- small things

  #findOrCreate(id: number): { node: Node; isNew: boolean } {
    const found = this.#nodes.find((node) => node.id === id);
    if (found !== undefined) return { node: found, isNew: false };
    const node: Node = { id, state: nodeState.dead, votes: 0, expectedVotes: 0, flags: 0 };
    const larger = this.#nodes.findIndex((other) => other.id > id);
    // When none is larger the reference puts it before the last node, not behind it (5.2).
    this.#nodes.splice(larger >= 0 ? larger : this.#nodes.length - 1, 0, node);
    return { node, isNew: true };
  }

  #memberNodes(): Node[] {
    return this.#nodes.filter((node) => node.state === nodeState.member);
  }

  #isMember(id: number): boolean {
    return this.#memberNodes().some((node) => node.id === id);
  }

  #hasFlag(flag: number): boolean {
    return (this.#us.flags & flag) !== 0;
  }

  #setFlag(flag: number, on: boolean): void {
    this.#us.flags = on ? this.#us.flags | flag : this.#us.flags & ~flag;
  }

  #setWaitForAllStatus(waiting: boolean): void {
    this.#waitForAllStatus = waiting;
    this.#setFlag(nodeFlag.waitForAllStatus, waiting);
    this.#runtime('wait_for_all_status', 'u8', waiting ? 1 : 0);
  }

  #setExpectedBarrier(value: number): void {
    this.#expectedBarrier = value;
    this.#runtime('ev_barrier', 'u32', value);
  }

  #stateList(): { nodeId: number; state: number }[] {
    const states = this.#nodes.map((node) => ({ nodeId: node.id, state: node.state }));
    if (this.#hasFlag(nodeFlag.deviceRegistered)) states.push({ nodeId: 0, state: this.#device.state });
    return states;
  }

  #sendNodeInfo(node: Node): void {
    const isDevice = node === this.#device;
    this.#ring.send(
      encodeNodeInfo({
        nodeId: node.id,
        votes: node.votes,
        expectedVotes: isDevice ? 0 : node.expectedVotes,
        flags: isDevice ? 0 : node.flags,
      }),
    );
  }

  #sendReconfigure(param: number, value: number, nodeId = this.#us.id): void {
    this.#ring.send(encodeReconfigure({ nodeId, value, param }));
  }

  #runtime(name: string, type: 'u8' | 'u32', value: number): void {
    this.#icmap.set(`runtime.votequorum.${name}`, { type, value });
  }

  #warn(text: string): void {
    this.#host.log.warn({ subsystem: 'VOTEQ' }, text);
  }
}

function sumVotes(nodes: readonly Node[]): number {
  return nodes.reduce((sum, node) => sum + node.votes, 0);
}
