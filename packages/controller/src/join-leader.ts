import { cibOption } from '@sanode/cib';
import { featureSetsCompatible, messageData } from '@sanode/messages';
import { isActive, type Peer } from '@sanode/peers';
import { infinity } from '@sanode/rules';
import { attr, type Element, element } from '@sanode/xml';
import { type Context, type JoinPhase, joinPhase } from './context.ts';

const XPATH_LOCAL = cibOption.xpath | cibOption.multiple | cibOption.scopeLocal | cibOption.quorumOverride;
const CREATE_LOCAL = cibOption.canCreate | cibOption.scopeLocal | cibOption.quorumOverride;

const phaseNames = new Map<number, string>(Object.entries(joinPhase).map(([name, phase]) => [phase, name]));

export interface JoinLeaderDeps {
  readonly context: Context;
  /** This node's own `<node_state>` with its executor's history, fresh. */
  snapshot(): Element | undefined;
}

/** The DC's side of the join (controller.md 6.1, 6.3, 6.4). */
export class JoinLeader {
  readonly #context: Context;
  readonly #snapshot: () => Element | undefined;
  #joinId = 0;
  #offeredAt = 0n;
  #reofferedFor = 0n;
  #best: { node: string; generation: Element } | undefined;
  #lastMessage = '';

  constructor(deps: JoinLeaderDeps) {
    this.#context = deps.context;
    this.#snapshot = deps.snapshot;
  }

  /** Membership of the last offers. */
  get offeredAt(): bigint {
    return this.#offeredAt;
  }

  count(phase: JoinPhase): number {
    return this.#context.peers().filter((peer) => this.#context.info(peer).phase === phase).length;
  }

  /** A phase goes back to none at any time, or on by one. */
  setPhase(peer: Peer, phase: JoinPhase): void {
    const info = this.#context.info(peer);
    if (phase === info.phase) return;
    if (phase > joinPhase.none && phase !== info.phase + 1) {
      this.#context.log.warn(
        { node: peer.name, from: info.phase, to: phase },
        `join: ${peer.name} can't go from ${phaseNames.get(info.phase)} to ${phaseNames.get(phase)}`,
      );
      return;
    }
    info.phase = phase;
  }

  /** DC_JOIN_OFFER_ALL: a new round with everyone. */
  offerAll(): void {
    const { flags } = this.#context;
    this.#joinId += 1;
    for (const peer of this.#context.peers()) this.setPhase(peer, joinPhase.none);
    this.#best = undefined;
    flags.delete('HAVE_CIB');
    flags.delete('CIB_ASKED');
    this.#context.dc = undefined;
    this.#context.dcVersion = undefined;
    this.#context.log.info(
      { join: this.#joinId, ms: this.#context.host.monotonicMs() },
      `join ${this.#joinId}: offers to ${this.#context.activePeers().length} nodes`,
    );
    for (const peer of this.#context.peers()) this.#offer(peer);
  }

  /** DC_JOIN_OFFER_ONE: to whom a message names, else to all who are missing. */
  offerOne(message: Element | undefined): void {
    if (message === undefined) {
      for (const peer of this.#context.peers()) this.#offer(peer, true);
      this.checkState();
      return;
    }
    const name = attr(message, 'src');
    const peer = name === undefined ? undefined : this.#context.cluster?.peerByName(name);
    if (peer === undefined) {
      this.#context.log.warn({ node: name }, `join: no offer to ${name ?? 'an unnamed node'}, it is not known`);
      return;
    }
    this.setPhase(peer, joinPhase.none);
    this.#offer(peer);
    if (!this.#context.isLocal(peer.name)) {
      const local = this.#context.cluster?.peerByName(this.#context.localName);
      if (local !== undefined) {
        this.setPhase(local, joinPhase.none);
        this.#offer(local);
      }
    }
    this.#context.engine.abort(infinity, 'restart', 'Node join', message);
    this.checkState();
  }

  /** @param onlyMissing leave alone who has joined already */
  #offer(peer: Peer, onlyMissing = false): void {
    if (!isActive(peer)) {
      const info = this.#context.info(peer);
      if (info.expected === undefined && peer.state === 'lost') info.expected = 'down';
      return;
    }
    if (peer.name === undefined) return;
    this.#offeredAt = this.#context.membershipSequence;
    if (onlyMissing && this.#context.info(peer).phase > joinPhase.none) return;
    this.setPhase(peer, joinPhase.none);
    this.#send('join_offer', peer.name, { crm_feature_set: this.#context.envelopes.featureSet });
    this.setPhase(peer, joinPhase.welcomed);
  }

  #send(task: string, host: string, attributes: Record<string, string>): void {
    this.#context.request({
      task,
      to: 'crmd',
      from: 'dc',
      host,
      origin: 'create_dc_message',
      attributes: { join_id: this.#joinId, 'dc-leaving': String(this.#context.flags.has('SHUTDOWN')), ...attributes },
    });
  }

  /**
   * Whether a `join_request` or `join_confirm` answers something that was answered already, or an older round. A node
   * that was offered twice (it appeared, and announced itself) answers twice: only one answer may move the round, or
   * each round would begin the next.
   */
  isStale(message: Element): boolean {
    const name = attr(message, 'src') ?? '';
    const peer = this.#context.cluster?.peerByName(name);
    if (peer === undefined) return true;
    const { phase } = this.#context.info(peer);
    const isCurrent = attr(message, 'join_id') === String(this.#joinId);
    const stale =
      attr(message, 'crm_task') === 'join_confirm'
        ? phase !== joinPhase.finalized
        : !isCurrent || phase >= joinPhase.integrated;
    if (stale) {
      const fields = { node: name, join: attr(message, 'join_id'), current: this.#joinId, phase };
      this.#context.log.debug(fields, `join: ${attr(message, 'crm_task')} of ${name} is of no use any more`);
    }
    return stale;
  }

  /** DC_JOIN_PROCESS_REQ: a `join_request`. */
  processRequest(message: Element): void {
    const name = attr(message, 'src') ?? '';
    const peer = this.#context.cluster?.peerByName(name);
    if (attr(message, 'join_id') !== String(this.#joinId)) {
      this.#context.log.info({ node: name, join: attr(message, 'join_id') }, `join: ${name} answers an older offer`);
      this.checkState();
      return;
    }
    if (peer === undefined) return;
    const generation = messageData(message);
    const refusal = this.#refusal(peer, message, generation);
    if (refusal !== undefined || generation === undefined) {
      this.#context.log.error({ node: name, join: this.#joinId }, `join: ${name} is refused: ${refusal}`);
      this.setPhase(peer, joinPhase.nack);
      this.#context.info(peer).expected = 'banned';
    } else {
      this.#compare(name, generation);
      this.setPhase(peer, joinPhase.integrated);
      this.#context.info(peer).expected = 'member';
    }
    this.checkState();
  }

  #refusal(peer: Peer, message: Element, generation: Element | undefined): string | undefined {
    if (!isActive(peer)) return 'it is not an active member';
    if (generation === undefined) return 'it did not tell the version of its CIB';
    const version = attr(message, 'crm_feature_set');
    const own = this.#context.envelopes.featureSet;
    if (version === undefined) return 'it did not tell its feature set';
    if (!featureSetsCompatible(own, version)) return `its feature set ${version} is older than the cluster's ${own}`;
    return undefined;
  }

  #compare(name: string, generation: Element): void {
    const order = this.#best === undefined ? 1 : compareGenerations(generation, this.#best.generation);
    if (order > 0 || (order === 0 && this.#context.isLocal(name))) this.#best = { node: name, generation };
  }

  /** Looks whether the round can go on (6.3). @returns whether something was raised */
  checkState(): boolean {
    const { fsa, membershipSequence } = this.#context;
    if (!this.#context.isDc) return false;
    if (membershipSequence !== this.#offeredAt) {
      if (this.#reofferedFor === membershipSequence) return false;
      this.#reofferedFor = membershipSequence;
      fsa.raise('I_NODE_JOIN', 'the membership changed during the join', { front: true });
      return true;
    }
    if (fsa.state === 'S_INTEGRATION') {
      if (this.count(joinPhase.welcomed) > 0) return false;
      fsa.raise('I_INTEGRATED', `join ${this.#joinId}: all have answered`, { front: true });
      return true;
    }
    if (fsa.state !== 'S_FINALIZE_JOIN' || !this.#context.flags.has('HAVE_CIB')) return false;
    const open = [joinPhase.welcomed, joinPhase.integrated, joinPhase.finalized].reduce((n, p) => n + this.count(p), 0);
    if (open > 0) return false;
    if (!fsa.hasQueued('I_FINALIZED')) fsa.raise('I_FINALIZED', `join ${this.#joinId}: all have confirmed`);
    return true;
  }

  /** DC_JOIN_FINALIZE: everyone gets the best CIB. */
  finalize(): 'stall' | undefined {
    const { flags, engine } = this.#context;
    if (this.count(joinPhase.welcomed) > 0) return undefined;
    if (this.count(joinPhase.integrated) === 0) {
      this.checkState();
      return undefined;
    }
    flags.delete('HAVE_CIB');
    if (this.#best === undefined || this.#context.isLocal(this.#best.node)) flags.add('HAVE_CIB');
    if (!engine.complete) {
      this.#context.log.info({ join: this.#joinId }, 'join: waits for the transition in flight to end');
      return 'stall';
    }
    this.#sync();
    return undefined;
  }

  #sync(): void {
    const { flags } = this.#context;
    const round = this.#joinId;
    const host = flags.has('HAVE_CIB') ? undefined : this.#best?.node;
    if (host !== undefined) flags.add('CIB_ASKED');
    this.#context.log.info(
      { join: round, from: host ?? this.#context.localName },
      `join ${round}: everyone gets the CIB of ${host ?? 'this node'}`,
    );
    this.#context.cib(
      { operation: 'cib_sync', options: cibOption.quorumOverride, ...(host === undefined ? {} : { host }) },
      (reply) => {
        flags.delete('CIB_ASKED');
        if (reply.rc < 0 && reply.rc !== -207) {
          this.#context.log.error(
            { join: round, rc: reply.rc },
            `join: the CIB of ${host ?? 'this node'} did not come (${reply.rc})`,
          );
          this.#context.fsa.raiseError('I_ELECTION_DC', `the CIB could not be distributed (${reply.rc})`);
          return;
        }
        if (!this.#context.isDc || this.#context.fsa.state !== 'S_FINALIZE_JOIN' || round !== this.#joinId) return;
        flags.add('HAVE_CIB');
        if (!this.checkState()) this.#acknowledgeAll();
      },
    );
  }

  #acknowledgeAll(): void {
    for (const peer of this.#context.peers()) {
      const info = this.#context.info(peer);
      if (info.phase !== joinPhase.integrated || peer.name === undefined) continue;
      this.#context.cib({
        operation: 'cib_modify',
        section: 'nodes',
        data: element('node', { id: peer.uuid, uname: peer.name }),
        options: CREATE_LOCAL,
      });
      if (!isActive(peer)) {
        info.expected = 'pending';
        continue;
      }
      this.setPhase(peer, joinPhase.finalized);
      info.expected = 'member';
      this.#send('join_ack_nack', peer.name, { join_ack_nack: 'true' });
    }
  }

  /** DC_JOIN_PROCESS_ACK: a `join_confirm`; what its executor remembers replaces what the CIB has. */
  processConfirm(message: Element): void {
    if (attr(message, 'crm_task') !== 'join_confirm') return;
    const name = attr(message, 'src') ?? '';
    const peer = this.#context.cluster?.peerByName(name);
    if (peer === undefined) return;
    if (this.#context.info(peer).phase !== joinPhase.finalized) {
      const phase = phaseNames.get(this.#context.info(peer).phase);
      this.#context.log.info({ node: name, phase }, `join: confirmation of ${name} ignored, its phase is ${phase}`);
      return;
    }
    if (attr(message, 'join_id') !== String(this.#joinId)) {
      this.#context.log.error(
        { node: name },
        `join: ${name} confirms join ${attr(message, 'join_id')}, now is ${this.#joinId}`,
      );
      this.setPhase(peer, joinPhase.nack);
      this.checkState();
      return;
    }
    this.setPhase(peer, joinPhase.confirmed);
    const state = this.#context.isLocal(name) ? this.#snapshot() : messageData(message);
    if (state === undefined || state.name !== 'node_state') {
      this.#context.log.error({ node: name }, `join: the confirmation of ${name} has no state of its resources`);
      this.#context.fsa.raise('I_ERROR', `the join confirmation of ${name} is not complete`);
      return;
    }
    this.#replaceHistory(peer.name ?? name, state);
  }

  #replaceHistory(name: string, state: Element): void {
    const lock = this.#context.options.shutdownLock;
    const base = `//node_state[@uname='${name}']`;
    const paths = lock ? [`${base}//lrm_rsc_op|${base}//lrm_resource[not(@shutdown-lock)]`] : [`${base}/lrm`];
    for (const section of paths) {
      this.#context.cib({ operation: 'cib_delete', section, options: XPATH_LOCAL }, (reply) => {
        if (reply.rc < 0 && reply.rc !== -6) {
          this.#context.log.warn(
            { node: name, rc: reply.rc },
            `join: the old history of ${name} was not removed (${reply.rc})`,
          );
        }
      });
    }
    this.#context.cib({ operation: 'cib_modify', section: 'status', data: state, options: CREATE_LOCAL }, (reply) => {
      if (reply.rc < 0) {
        this.#context.fsa.raise('I_ERROR', `the history of ${name} could not be written (${reply.rc})`);
        return;
      }
      this.#context.log.info(
        { event: 'node-joined', node: name, join: this.#joinId, ms: this.#context.host.monotonicMs() },
        `join ${this.#joinId}: ${name} is in`,
      );
      this.checkState();
    });
  }

  /** Says once what a finished round leaves behind. */
  logMissing(): void {
    const missing = this.#context.peers().filter((peer) => this.#context.info(peer).phase === joinPhase.welcomed);
    const text = missing.map((peer) => peer.name).join(', ');
    if (text === this.#lastMessage || text === '') return;
    this.#lastMessage = text;
    this.#context.log.warn({ nodes: text }, `join: no answer of ${text}`);
  }
}

/** Compares CIB versions of join requests; a missing number counts as -1. */
function compareGenerations(a: Element, b: Element): number {
  for (const name of ['admin_epoch', 'epoch', 'num_updates']) {
    const left = Number.parseInt(attr(a, name) ?? '-1', 10);
    const right = Number.parseInt(attr(b, name) ?? '-1', 10);
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
