import { cibOption } from '@sanode/cib';
import { compareVersions } from '@sanode/messages';
import { isActive, type Peer } from '@sanode/peers';
import { infinity } from '@sanode/rules';
import { element } from '@sanode/xml';
import { type Context, joinPhase } from './context.ts';
import type { JoinLeader } from './join-leader.ts';
import { aliveness, noteTimes, writeNodeStates } from './node-state.ts';

const LOCAL_OVERRIDE = cibOption.scopeLocal | cibOption.quorumOverride;
/** "Quorum gained" aborts the transition only after this long; mostly something else does before. */
const QUORUM_GAINED_DELAY_MS = 5000;
/** From this feature set on attrd erases the attributes of lost nodes itself (release 3.0). */
const ATTRD_ERASES_SINCE = '3.19.0';

/** What the controller does when the ring, the quorum or the group changes (controller.md 7.3, 7.4). */
export class Membership {
  readonly #context: Context;
  readonly #leader: JoinLeader;
  #quorumInCib: boolean | undefined;
  /** Nodes whose fencing has to be recorded if this node becomes DC. */
  readonly fencingCleanUp = new Set<string>();
  /** Failed fencings in a row, by node. */
  readonly fencingFailures = new Map<string, number>();

  constructor(deps: { context: Context; leader: JoinLeader }) {
    this.#context = deps.context;
    this.#leader = deps.leader;
  }

  /** Quorum callback. */
  quorumChanged(quorate: boolean, ringSequence: bigint): void {
    const context = this.#context;
    context.log.info(
      {
        event: 'quorum-change',
        quorate,
        ring: String(ringSequence),
        ms: context.host.monotonicMs(),
        members: this.#memberNames(),
      },
      `ring ${ringSequence}: ${quorate ? 'has' : 'no'} quorum`,
    );
    this.updateQuorum(quorate, false);
    context.membershipSequence = ringSequence;
    for (const peer of context.peers()) if (!isActive(peer)) this.#inactivePeer(peer);
    context.flags.add('MEMBERSHIP');
    if (context.isDc) writeNodeStates(context, { cluster: true, peer: true, expected: true }, 'post_cache_update');
    context.fsa.add('A_ELECTION_CHECK');
    context.request({
      task: 'noop',
      to: 'crmd',
      from: context.isDc ? 'dc' : 'crmd',
      origin: 'post_cache_update',
    });
  }

  #memberNames(): string {
    return this.#context
      .peers()
      .filter((peer) => peer.state === 'member')
      .map((peer) => peer.name ?? peer.uuid)
      .join(' ');
  }

  #inactivePeer(peer: Peer): void {
    const context = this.#context;
    context.info(peer).phase = joinPhase.none;
    if (context.isLocal(peer.name)) {
      if (context.fsa.state !== 'S_STARTING') context.fsa.raise('I_ERROR', 'this node is no longer an active member');
      return;
    }
    this.#dcMayBeLost(peer);
    if (context.fsa.state === 'S_INTEGRATION' || context.fsa.state === 'S_FINALIZE_JOIN') this.#leader.checkState();
    context.engine.failIncompletable(peer.uuid);
  }

  #dcMayBeLost(peer: Peer): boolean {
    const { dc } = this.#context;
    if (dc === undefined || peer.name === undefined || dc.toLowerCase() !== peer.name.toLowerCase()) return false;
    this.#context.election.clearLoss();
    this.#context.log.warn({ dc, ms: this.#context.host.monotonicMs() }, `the DC ${dc} is lost: an election is needed`);
    if (!this.#context.fsa.hasQueued('I_ELECTION')) this.#context.fsa.raise('I_ELECTION', `the DC ${dc} is lost`);
    return true;
  }

  /** Notes the quorum and, as DC, writes it. @param force write it even if unchanged */
  updateQuorum(quorate: boolean, force: boolean): void {
    const context = this.#context;
    const changed = context.hasQuorum !== quorate || this.#quorumInCib !== quorate;
    context.hasQuorum = quorate;
    context.everHadQuorum ||= quorate;
    if (!context.isDc || (!changed && !force)) return;
    const before = this.#quorumInCib;
    this.#quorumInCib = quorate;
    context.cib({
      operation: 'cib_modify',
      section: 'cib',
      data: element('cib', { 'have-quorum': quorate ? 1 : 0, 'dc-uuid': context.localUuid }),
      options: LOCAL_OVERRIDE,
    });
    if (!changed || before === undefined) return;
    if (quorate) {
      context.startTimer('quorum-gained', QUORUM_GAINED_DELAY_MS, () =>
        context.engine.abort(infinity, 'restart', 'Quorum gained'),
      );
    } else context.engine.abort(infinity, 'restart', 'Quorum lost');
  }

  /** Peer callback for a change in the group or in the ring. */
  peerChanged(peer: Peer, change: 'online' | 'state' | 'name', before: Peer): void {
    const context = this.#context;
    noteTimes(context, peer);
    if (change === 'name' || peer.name === undefined) return;
    context.flags.add('PEER_DATA');
    if (change === 'online' && peer.online && !context.isDc && !context.isLocal(peer.name)) {
      context.request({ task: 'hello', to: 'crmd', from: 'crmd', host: peer.name, origin: 'peer_update_callback' });
    }
    if (change === 'state') this.#stateChanged(peer);
    else if (!this.#groupChanged(peer)) return;
    if (context.isDc) this.#changedForDc(peer, before, change);
  }

  #stateChanged(peer: Peer): void {
    const name = peer.name as string;
    this.#context.log.info(
      { node: name, state: peer.state, ms: this.#context.host.monotonicMs() },
      `node ${name} is ${peer.state === 'member' ? 'a member' : 'lost'}`,
    );
    if (peer.state === 'member') this.fencingCleanUp.delete(name);
    else this.#context.election.peerLost(name);
  }

  /** @returns false when nothing more is to be done */
  #groupChanged(peer: Peer): boolean {
    const context = this.#context;
    const name = peer.name as string;
    const { state } = context.fsa;
    context.log.info(
      { node: name, online: peer.online, ms: context.host.monotonicMs() },
      `the controller of ${name} is ${peer.online ? 'there' : 'gone'}`,
    );
    if (!peer.online) context.election.peerLost(name);
    if (!context.flags.has('CIB_CONNECTED') || state === 'S_STOPPING' || state === 'S_TERMINATE') return false;
    if (!peer.online && context.isLocal(name)) {
      context.fsa.raise('I_ERROR', 'this node left the process group');
      return false;
    }
    const wasDc = !peer.online && this.#dcMayBeLost(peer);
    if (peer.online) return true;
    const isErasing = compareVersions(context.clusterFeatureSet, ATTRD_ERASES_SINCE) < 0;
    if (isErasing && (context.isDc || wasDc || context.dc === undefined)) this.#eraseAttributes(name);
    return true;
  }

  #eraseAttributes(name: string): void {
    this.#context.cib(
      {
        operation: 'cib_delete',
        section: `//node_state[@uname='${name}']/transient_attributes`,
        options: cibOption.xpath | cibOption.multiple | LOCAL_OVERRIDE,
      },
      (reply) => {
        if (reply.rc < 0 && reply.rc !== -6) {
          this.#context.log.warn(
            { node: name, rc: reply.rc },
            `the attributes of ${name} were not erased (${reply.rc})`,
          );
        }
      },
    );
  }

  #changedForDc(peer: Peer, before: Peer, change: 'online' | 'state'): void {
    const context = this.#context;
    const alive = aliveness(peer);
    const appeared = change === 'online' ? peer.online && !before.online : peer.state === 'member';
    const flags = { cluster: false, peer: true, join: false, expected: false };
    if (appeared && alive > 0) {
      context.fsa.raise('I_NODE_JOIN', `node ${peer.name} appeared`, { front: true });
    } else if (!appeared) {
      const down = context.engine.downingAction(peer.uuid);
      if (down === undefined) {
        context.info(peer).phase = joinPhase.none;
        this.#leader.checkState();
        context.engine.abort(infinity, 'restart', 'Node failure');
        context.engine.failIncompletable(peer.uuid);
      } else if (down.task === 'do_shutdown') {
        context.info(peer).phase = joinPhase.none;
        context.info(peer).expected = 'down';
        flags.join = true;
        flags.expected = true;
        this.#leader.checkState();
        if (alive < 0) context.engine.confirmDowned(down);
      }
    }
    const release3 = compareVersions(context.clusterFeatureSet, ATTRD_ERASES_SINCE) >= 0;
    if (release3 && change === 'online' && !peer.online) flags.cluster = true;
    writeNodeStates(context, flags, 'peer_update_callback', [peer]);
  }

  /** Releasing the role: what was written last does not count any more. */
  forgetWritten(): void {
    this.#quorumInCib = undefined;
  }
}
