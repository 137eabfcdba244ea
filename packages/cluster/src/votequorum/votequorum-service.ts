import type { CoreHost, Timer } from '@sanode/runtime';
import type { RingId } from '@sanode/totem';
import type { VotequorumInfo } from '../client/votequorum.ts';
import { type Icmap, trackAdd, trackDelete, trackModify } from '../cmap/icmap.ts';
import type { Service, ServiceRing, SyncPart } from '../engine/service.ts';
import type { QuorumService } from '../quorum/quorum-service.ts';
import { csResult } from '../wire/results.ts';
import {
  type ExpectedVotesStore,
  readStartSettings,
  readVoteSettings,
  type StartSettings,
  storeRuntimeKey,
  VotequorumConfigError,
  type VoteSettings,
} from './config.ts';
import {
  decodeDeviceRegistration,
  decodeDeviceRename,
  decodeNodeInfo,
  decodeReconfigure,
  encodeDeviceRegistration,
  encodeNodeInfo,
  encodeReconfigure,
  type NodeInfo,
  nodeFlag,
  type Reconfigure,
  reconfigureParam,
  swapVotequorumMessage,
  votequorumFunction,
} from './messages.ts';
import { type Node, NodeList, nodeState, sumVotes } from './nodes.ts';
import { QuorumCalculation } from './quorum-calculation.ts';
import { QuorumDevice } from './quorum-device.ts';

export interface VotequorumListener {
  quorum(quorate: boolean, nodes: readonly { readonly nodeId: number; readonly state: number }[]): void;
  nodeList(ringId: RingId, members: readonly number[]): void;
  expectedVotes(expected: number): void;
}

const allChanges = trackAdd | trackDelete | trackModify;

/** Vote quorum (corosync-services.md 5): messages, synchronization, configuration and what clients ask. */
export class VotequorumService implements Service {
  readonly id = 5;
  readonly shortName = 'votequorum';
  readonly functionCount = 4;
  readonly sync: SyncPart;
  readonly device: QuorumDevice;
  readonly #host: CoreHost;
  readonly #ring: ServiceRing;
  readonly #icmap: Icmap;
  readonly #quorumService: QuorumService;
  readonly #start: StartSettings;
  readonly #nodes: NodeList;
  readonly #calculation: QuorumCalculation;
  #settings: VoteSettings;
  #lastManStanding: boolean;
  #lastManTimer: Timer | undefined;
  #members: readonly number[] = [];
  #ringId: RingId = { rep: 0, seq: 0 };
  #syncInProgress = false;
  #nodeInfoSent = false;
  #trackers: VotequorumListener[] = [];

  /** @throws {VotequorumConfigError} */
  constructor(deps: {
    host: CoreHost;
    ring: ServiceRing;
    icmap: Icmap;
    quorum: QuorumService;
    evTracking: ExpectedVotesStore;
  }) {
    const { host, ring, icmap } = deps;
    this.#host = host;
    this.#ring = ring;
    this.#icmap = icmap;
    this.#quorumService = deps.quorum;
    const nodes = new NodeList(ring.nodeId);
    this.#nodes = nodes;
    const start = readStartSettings(icmap);
    this.#start = start;
    const storedBarrier = start.expectedVotesTracking ? deps.evTracking.load() : undefined;
    this.#settings = readVoteSettings(icmap, start, undefined, storedBarrier);
    this.#lastManStanding = start.lastManStanding;
    this.device = new QuorumDevice({
      host,
      ring,
      icmap,
      nodes,
      settings: () => this.#settings,
      ringId: () => this.#ringId,
      announce: (node) => this.#sendNodeInfo(node),
    });
    this.#calculation = new QuorumCalculation(
      {
        host,
        icmap,
        nodes,
        device: this.device.node,
        start,
        store: deps.evTracking,
        raised: (expected) => this.#tellExpected(expected),
        changed: () => {
          if (!this.#syncInProgress) this.#announce();
        },
      },
      this.#settings,
      storedBarrier ?? 0,
    );
    if (storedBarrier !== undefined) storeRuntimeKey(icmap, 'ev_tracking_barrier', 'u32', storedBarrier);
    for (const text of [...start.warnings, ...this.#settings.warnings]) this.#warn(text);
    this.#applySettings();
    if (this.#calculation.waitForAll) this.#calculation.setWaitForAllStatus(true);
    this.sync = {
      init: (_transitional, members, ringId) => this.#syncInit(members, ringId),
      process: () => this.#syncProcess(),
      activate: () => this.#syncActivate(),
      abort() {},
    };
    storeRuntimeKey(icmap, 'this_node_id', 'u32', ring.nodeId);
    this.#calculation.recalculate(false, false);
    this.#watchConfiguration();
  }

  get quorate(): boolean {
    return this.#calculation.quorate;
  }

  /** Sends the first message of a starting node. Call when the ring takes messages. */
  start(): void {
    this.#sendNodeInfo(this.#nodes.us);
  }

  /** Tells the others before a clean end (5.7; only with allow_downscale). */
  leaving(): void {
    if (!this.#start.allowDownscale) return;
    this.#nodes.setFlag(nodeFlag.leaving, true);
    this.#sendNodeInfo(this.#nodes.us);
  }

  receive(fn: number, senderId: number, message: Buffer): void {
    if (fn === votequorumFunction.nodeinfo) {
      const info = decodeNodeInfo(message);
      if (info?.nodeId === 0) this.#receiveDeviceInfo(info, senderId);
      // A node speaks for itself only: whoever spoke for others could make up any number of nodes.
      else if (info?.nodeId === senderId) this.#receiveNodeInfo(info);
    } else if (fn === votequorumFunction.reconfigure) {
      const change = decodeReconfigure(message);
      if (change !== undefined) this.#receiveReconfigure(change);
    } else if (fn === votequorumFunction.qdeviceReg) {
      const registration = decodeDeviceRegistration(message);
      if (registration !== undefined) this.device.receiveRegistration(registration, senderId);
    } else {
      const rename = decodeDeviceRename(message);
      if (rename !== undefined) this.device.receiveRename(rename);
    }
  }

  swapByteOrder(fn: number, message: Buffer): void {
    swapVotequorumMessage(fn, message);
  }

  // -- what clients ask (5.10); results are csResult numbers

  info(nodeId: number): VotequorumInfo | undefined {
    const node = nodeId === 0 ? this.#nodes.us : this.#nodes.find(nodeId);
    if (node === undefined) return undefined;
    const { members } = this.#nodes;
    const castsVote = (node.flags & nodeFlag.deviceCastVote) !== 0;
    const flag = (on: boolean, bit: number): number => (on ? bit : 0);
    const deviceFlags = (node.flags & (16 | 32 | 64 | 128)) << 2;
    return {
      nodeId: node.id,
      state: node.state,
      votes: node.votes,
      expectedVotes: node.expectedVotes,
      highestExpected: Math.max(0, ...members.map((other) => other.expectedVotes)),
      totalVotes: (sumVotes(members) + (castsVote ? this.device.node.votes : 0)) >>> 0,
      quorum: this.#calculation.quorum,
      flags:
        flag(this.#settings.twoNode, 1) |
        flag(this.quorate, 2) |
        flag(this.#calculation.waitForAll, 4) |
        flag(this.#lastManStanding, 8) |
        flag(this.#settings.tieBreaker.kind !== 'none', 16) |
        flag(this.#start.allowDownscale, 32) |
        deviceFlags,
      deviceVotes: this.device.node.votes,
      deviceName: this.device.name,
    };
  }

  setExpected(expected: number): number {
    const { quorum, total } = this.#calculation.calculate(true, expected, false);
    if (expected < total || (this.quorate && quorum > total)) return csResult.INVALID_PARAM;
    for (const node of this.#nodes.members) node.expectedVotes = expected;
    this.#sendReconfigure(reconfigureParam.expectedVotes, expected);
    return csResult.OK;
  }

  setVotes(nodeId: number, votes: number): number {
    const node = this.#nodes.find(nodeId);
    if (node === undefined) return csResult.NAME_NOT_FOUND;
    const saved = node.votes;
    node.votes = votes;
    const { quorum, total } = this.#calculation.calculate(true, 0, this.#start.allowDownscale);
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
      listener.quorum(this.quorate, this.#stateList());
    }
    if (changes && !this.#trackers.includes(listener)) this.#trackers.unshift(listener);
  }

  isTracking(listener: VotequorumListener): boolean {
    return this.#trackers.includes(listener);
  }

  untrack(listener: VotequorumListener): void {
    this.#trackers = this.#trackers.filter((other) => other !== listener);
  }

  // -- receiving (5.4)

  #receiveNodeInfo(info: NodeInfo): void {
    const { us } = this.#nodes;
    const { node, isNew } = this.#nodes.findOrCreate(info.nodeId);
    const old = { ...node };
    const senderQuorate = (info.flags & nodeFlag.quorate) !== 0;
    let allowDecrease = false;
    let byNode = false;
    if (!this.quorate && senderQuorate) {
      allowDecrease = true;
      us.expectedVotes = info.expectedVotes;
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
    node.expectedVotes = useTheirs ? info.expectedVotes : us.expectedVotes;
    if (this.#lastManStanding && node.votes > 1) this.#disableLastManStanding();
    const changed =
      old.votes !== node.votes ||
      old.expectedVotes !== node.expectedVotes ||
      old.flags !== node.flags ||
      old.state !== node.state;
    if (isNew || node === us || (node.flags & nodeFlag.first) !== 0 || changed) {
      this.#calculation.recalculate(allowDecrease, byNode);
    }
    const waits = (node.flags & nodeFlag.waitForAllStatus) !== 0;
    if (this.#calculation.waitForAll && !waits && (node.flags & nodeFlag.quorate) !== 0) {
      this.#calculation.setWaitForAllStatus(false);
    }
  }

  #receiveDeviceInfo(info: NodeInfo, senderId: number): void {
    const device = this.device.node;
    const sender = this.#nodes.find(senderId);
    const before = device.votes;
    const senderQuorate = ((sender?.flags ?? 0) & nodeFlag.quorate) !== 0;
    device.votes = !this.quorate && senderQuorate ? info.votes : Math.max(before, info.votes);
    if (device.votes !== before) this.#calculation.recalculate(false, false);
  }

  #receiveReconfigure({ nodeId, value, param }: Reconfigure): void {
    const { us, members } = this.#nodes;
    if (param === reconfigureParam.expectedVotes) {
      if (value === 0) return;
      for (const node of members) node.expectedVotes = value;
      this.#tellExpected(value);
      this.#calculation.setExpectedBarrier(value);
      if (this.#start.expectedVotesTracking) us.expectedVotes = Math.max(us.expectedVotes, value);
      this.#calculation.recalculate(true, false);
    } else if (param === reconfigureParam.votes) {
      const node = this.#nodes.find(nodeId);
      if (node === undefined) return;
      node.votes = value;
      this.#calculation.recalculate(true, false);
    } else if (param === reconfigureParam.cancelWaitForAll) {
      this.#calculation.setWaitForAllStatus(false);
      this.#host.log.info({ subsystem: 'VOTEQ', isInfo: true }, `wait_for_all_status reset by user on node ${nodeId}.`);
      this.#calculation.recalculate(false, false);
    }
  }

  // -- synchronization (5.6)

  #syncInit(members: readonly number[], ringId: RingId): void {
    this.#syncInProgress = true;
    this.#nodeInfoSent = false;
    if (members.length > 1) this.#nodes.setFlag(nodeFlag.first, false);
    let someoneLeft = false;
    for (const id of this.#members) {
      const node = this.#nodes.find(id);
      if (members.includes(id) || node === undefined) continue;
      node.state = nodeState.dead;
      someoneLeft = true;
    }
    if (this.#lastManStanding) {
      const { quorum, hasLowest } = this.#calculation;
      const tie = members.length <= quorum && this.#settings.tieBreaker.kind !== 'none' && hasLowest;
      if ((members.length >= quorum && someoneLeft) || tie) this.#armLastManTimer();
    }
    this.#calculation.ringChanged(members);
    this.#members = members;
    this.#ringId = ringId;
    this.device.syncStarted();
  }

  #syncProcess(): boolean {
    if (!this.#nodeInfoSent) {
      this.#nodeInfoSent = true;
      this.#sendNodeInfo(this.#nodes.us);
      this.#sendNodeInfo(this.device.node);
      if (this.device.name !== '') this.#ring.send(encodeDeviceRegistration(true, this.device.name));
      for (const tracker of this.#trackers) tracker.nodeList(this.#ringId, this.#members);
    }
    return !this.device.isAwaited;
  }

  #syncActivate(): void {
    this.#calculation.recalculate(false, false);
    this.#announce();
    this.#syncInProgress = false;
  }

  #announce(): void {
    this.#quorumService.decided(this.#members, this.quorate, this.#ringId);
    const states = this.#stateList();
    for (const tracker of this.#trackers) tracker.quorum(this.quorate, states);
  }

  #armLastManTimer(): void {
    this.#lastManTimer?.cancel();
    this.#lastManTimer = this.#host.setTimer(this.#start.lastManStandingWindowMs, () => {
      if (this.quorate) this.#calculation.recalculate(true, true);
    });
  }

  #disableLastManStanding(): void {
    this.#warn('Last Man Standing feature is supported only when allcluster nodes votes are set to 1. Disabling LMS.');
    this.#lastManStanding = false;
    this.#lastManTimer?.cancel();
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
    const { us } = this.#nodes;
    const before = { votes: us.votes, expected: us.expectedVotes };
    try {
      const runtime = { deviceRegistered: this.device.isRegistered };
      this.#settings = readVoteSettings(this.#icmap, this.#start, runtime, this.#calculation.storedBarrier);
    } catch (error) {
      if (!(error instanceof VotequorumConfigError)) throw error;
      for (const text of [error.message, 'will continue with current runtime data']) {
        this.#host.log.fatal({ subsystem: 'VOTEQ' }, text);
      }
      return;
    }
    for (const text of this.#settings.warnings) this.#warn(text);
    this.#calculation.configure(this.#settings);
    this.#applySettings();
    this.#sendNodeInfo(us);
    this.#sendNodeInfo(this.device.node);
    if (us.votes !== before.votes) this.#sendReconfigure(reconfigureParam.votes, us.votes);
    if (us.expectedVotes !== before.expected) {
      this.#sendReconfigure(reconfigureParam.expectedVotes, us.expectedVotes);
    }
  }

  #applySettings(): void {
    const { us } = this.#nodes;
    const { tieBreaker } = this.#settings;
    us.votes = this.#settings.votes;
    us.expectedVotes = this.#settings.expectedVotes;
    this.device.node.votes = this.#settings.deviceVotes;
    this.#calculation.setExpectedBarrier(us.expectedVotes);
    storeRuntimeKey(this.#icmap, 'two_node', 'u8', this.#settings.twoNode ? 1 : 0);
    const kinds = { none: 0, lowest: 1, highest: 2, list: 3 };
    if (tieBreaker.kind !== 'none') storeRuntimeKey(this.#icmap, 'atb_type', 'u32', kinds[tieBreaker.kind]);
    if ((this.#icmap.text('quorum.device.model') ?? '') !== '') {
      storeRuntimeKey(this.#icmap, 'qdevice_can_operate', 'u8', this.#settings.deviceCanOperate ? 1 : 0);
    }
  }

  // -- small things

  #stateList(): { nodeId: number; state: number }[] {
    const states = this.#nodes.all.map((node) => ({ nodeId: node.id, state: node.state }));
    if (this.device.isRegistered) states.push({ nodeId: 0, state: this.device.node.state });
    return states;
  }

  #tellExpected(expected: number): void {
    for (const tracker of this.#trackers) tracker.expectedVotes(expected);
  }

  #sendNodeInfo(node: Node): void {
    const isDevice = node === this.device.node;
    this.#ring.send(
      encodeNodeInfo({
        nodeId: node.id,
        votes: node.votes,
        expectedVotes: isDevice ? 0 : node.expectedVotes,
        flags: isDevice ? 0 : node.flags,
      }),
    );
  }

  #sendReconfigure(param: number, value: number, nodeId = this.#nodes.us.id): void {
    this.#ring.send(encodeReconfigure({ nodeId, value, param }));
  }

  #warn(text: string): void {
    this.#host.log.warn({ subsystem: 'VOTEQ' }, text);
  }
}
