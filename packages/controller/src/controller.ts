import { cibOption } from '@sanode/cib';
import type { Envelopes } from '@sanode/messages';
import { type ClusterConnection, Election, isActive, type Peer } from '@sanode/peers';
import { type ControllerState, jobMaximum, loadMode, ThrottleTable, TransitionEngine } from '@sanode/transition';
import { attr, childElements, descend, type Element, element, firstChild, withAttributes } from '@sanode/xml';
import { controllerActions } from './actions.ts';
import { Context, joinPhase } from './context.ts';
import { ExecutorInterface } from './executor/executor-interface.ts';
import { Fsa } from './fsa.ts';
import type { FsaInput } from './fsa-tables.ts';
import type { ControllerHost } from './host.ts';
import { JoinFollower } from './join-follower.ts';
import { JoinLeader } from './join-leader.ts';
import { Membership } from './membership.ts';
import { allFlags, nodeState, writeNodeStates } from './node-state.ts';
import { clusterProperties, readOptions } from './options.ts';
import { isValidHello, Routing } from './routing.ts';
import { Scheduling } from './scheduling.ts';
import { Takeover } from './takeover.ts';
import { transitionHost } from './transition-host.ts';

/** Until the options are read. */
const FIRST_ELECTION_TIMEOUT_MS = 60_000;
const THROTTLE_MS = 30_000;

export interface ControllerOptions {
  /** Property dc-version that a DC writes, for example `3.0.2-sanode`. */
  readonly dcVersion: string;
  /** For tests: the transition engine's uuid. */
  readonly engineUuid?: string;
}

/** A tool that sends a request. */
export interface ToolClient {
  readonly id: string;
  /** Its account's name, for access control. */
  readonly user: string | undefined;
}

/** The parts of a controller, for its actions. */
export interface Parts {
  readonly context: Context;
  readonly leader: JoinLeader;
  readonly follower: JoinFollower;
  readonly membership: Membership;
  readonly scheduling: Scheduling;
  readonly takeover: Takeover;
  readonly executor: ExecutorInterface;
  readonly routing: Routing;
  /** Joined the group. */
  attach(cluster: ClusterConnection): void;
  /** Reads the options from the CIB. */
  readConfiguration(done?: () => void): void;
}

/**
 * The controller (controller.md): pure, everything it does goes through its host. All `handle...` methods are events;
 * each runs to its end, the state machine included.
 */
export class Controller {
  readonly #context: Context;
  readonly #parts: Parts;
  #throttleSent: number | undefined;
  #terms = 0;

  constructor(deps: { host: ControllerHost; envelopes: Envelopes }, options: ControllerOptions) {
    const { host, envelopes } = deps;
    const context = new Context({ host, envelopes, throttle: new ThrottleTable(jobMaximum([], host.load().cpuCores)) });
    this.#context = context;
    context.flags.add('STARTING');
    const snapshot = (): Element | undefined => this.#snapshot();
    const leader = new JoinLeader({ context, snapshot });
    const follower = new JoinFollower({ context, snapshot });
    const membership = new Membership({ context, leader });
    const scheduling = new Scheduling({ context });
    const executor = new ExecutorInterface({ context, acknowledge: (to, data) => routing.acknowledge(to, data) });
    const routing = new Routing({ context, executor, leader, follower, shutDown: () => this.#shutDown('a request') });
    const readConfiguration = (done?: () => void): void => this.#readConfiguration(done);
    const takeover = new Takeover({
      context,
      membership,
      scheduling,
      readOptions: () => readConfiguration(),
      dcVersion: options.dcVersion,
    });
    const attach = (cluster: ClusterConnection): void => this.#attach(cluster);
    this.#parts = {
      ...{ context, leader, follower, membership, scheduling, takeover, executor, routing },
      attach,
      readConfiguration,
    };
    context.fsa = new Fsa({
      log: context.log,
      stateChanged: (from, to, input, why) => this.#stateChanged(from, to, input, why),
      isShuttingDown: () => context.flags.has('SHUTDOWN'),
      actions: controllerActions(this.#parts),
    });
    context.engine = new TransitionEngine(
      { host: transitionHost(this.#parts), throttle: context.throttle },
      options.engineUuid === undefined ? {} : { uuid: options.engineUuid },
    );
  }

  get state(): ControllerState {
    return this.#context.fsa.state;
  }

  /** The DC that this node knows. */
  get dc(): string | undefined {
    return this.#context.dc;
  }

  /** Begins: connects to everything, then looks for a DC. */
  start(): void {
    this.#context.react(() => this.#context.fsa.raise('I_STARTUP', 'the daemon starts'));
  }

  /** SIGTERM: asks the cluster's leave to stop (7.5). The second one insists. */
  handleTerm(): void {
    this.#context.react(() => {
      this.#terms += 1;
      if (this.#terms === 1) this.#shutDown('SIGTERM');
      else if (this.#terms === 2) {
        this.#context.fsa.raise('I_ERROR', 'SIGTERM came a second time: stops at once', { front: true });
      }
    });
  }

  #shutDown(why: string): void {
    const { flags, fsa, options } = this.#context;
    if (flags.has('SHUTDOWN') && fsa.state !== 'S_STARTING') return;
    flags.add('SHUTDOWN');
    this.#context.log.info({ why, ms: this.#context.host.monotonicMs() }, `stop was asked for by ${why}`);
    fsa.raise('I_SHUTDOWN', why);
    this.#context.startTimer('shutdown-escalation', options.shutdownEscalationMs, () =>
      fsa.raise('I_STOP', 'the cluster did not let this node leave in time (shutdown-escalation)'),
    );
  }

  /** A message of the group. */
  handleMessage(message: Element): void {
    this.#context.react(() => this.#parts.routing.received(message));
  }

  handlePeer(peer: Peer, change: 'online' | 'state' | 'name', before: Peer): void {
    this.#context.react(() => this.#parts.membership.peerChanged(peer, change, before));
  }

  handleQuorum(quorate: boolean, ringSequence: bigint): void {
    this.#context.react(() => this.#parts.membership.quorumChanged(quorate, ringSequence));
  }

  /** A `<notify>` of cib_diff_notify. */
  handleDiff(notify: Element): void {
    this.#context.react(() => {
      if (touchesOptions(notify)) this.#readConfiguration();
      if (!this.#context.isDc) return;
      this.#context.engine.handleDiff(notify);
      if (replacesState(notify)) this.#stateReplaced();
    });
  }

  /** Somebody put another status or other nodes into the CIB: all join anew, so that it says what is. */
  #stateReplaced(): void {
    const { fsa, flags } = this.#context;
    if (fsa.state === 'S_FINALIZE_JOIN' && flags.has('CIB_ASKED')) return;
    this.#context.log.warn({}, 'nodes or status were replaced in the CIB: all nodes join anew');
    writeNodeStates(this.#context, allFlags, 'do_cib_replaced');
    fsa.raise('I_ELECTION', 'nodes or status were replaced in the CIB');
  }

  /** A `<lrmd_notify>` of the executor. */
  handleExecutor(notify: Element): void {
    this.#context.react(() => this.#parts.executor.notified(notify));
  }

  /** The executor went away: it can't be trusted with resources any more; the daemon starts anew. */
  handleExecutorGone(reason: string): void {
    this.#context.react(() => {
      if (!this.#context.flags.delete('LRM_CONNECTED')) return;
      this.#parts.executor.disconnected();
      this.#context.fsa.raise('I_ERROR', `the executor is gone: ${reason}`);
    });
  }

  handleCibGone(reason: string): void {
    this.#context.react(() => {
      if (!this.#context.flags.delete('CIB_CONNECTED')) return;
      this.#context.fsa.raise('I_ERROR', `the CIB manager is gone: ${reason}`);
    });
  }

  /**
   * A tool's message.
   * @returns false when the tool must be disconnected
   */
  handleTool(client: ToolClient, message: Element): boolean {
    if (attr(message, 'crm_task') === 'hello' || attr(message, 'subt') === 'hello') return isValidHello(message);
    this.#context.react(() => {
      const relayed = withAttributes(message, {
        t: 'crmd',
        crm_sys_from: client.id,
        crm_user: client.user,
        acl_target: client.user,
        src: null,
      });
      this.#parts.routing.route(relayed, true);
    });
    return true;
  }

  #snapshot(): Element | undefined {
    const local = this.#context.cluster?.peerByName(this.#context.localName);
    if (local === undefined) return undefined;
    const lrm = element('lrm', { id: local.uuid }, [this.#parts.executor.snapshot()]);
    return nodeState(this.#context, local, { cluster: true, peer: true }, 'controld_query_executor_state', [lrm]);
  }

  #readConfiguration(done?: () => void): void {
    const context = this.#context;
    context.cib({ operation: 'cib_query', section: 'crm_config', options: cibOption.scopeLocal }, (reply) => {
      if (reply.rc < 0 || reply.data === undefined) {
        if (reply.rc !== -6) {
          context.fsa.raise('I_ERROR', `the cluster's options can't be read (${reply.rc})`);
          return;
        }
      } else context.options = readOptions(clusterProperties(reply.data));
      const { options, host } = context;
      context.election.setTimeoutMs(options.electionTimeoutMs);
      context.throttle.setLocalMaximum(this.#jobMaximum());
      context.flags.add('READ_CONFIG');
      if (!context.timerRuns('throttle')) this.#startThrottle();
      host.log.debug({ options }, 'options read');
      done?.();
    });
  }

  #jobMaximum(): number {
    const fromEnvironment = Number.parseInt(process.env['PCMK_node_action_limit'] ?? '', 10);
    const limit = this.#context.options.nodeActionLimit;
    return jobMaximum(
      [Number.isNaN(fromEnvironment) ? undefined : fromEnvironment, limit],
      this.#context.host.load().cpuCores,
    );
  }

  #startThrottle(): void {
    this.#context.startTimer('throttle', THROTTLE_MS, () => {
      this.#startThrottle();
      const { cpuCores, average, cibCpuFraction } = this.#context.host.load();
      const { loadThreshold } = this.#context.options;
      const mode = loadMode({ cpuCores, loadAverage: average, cibCpuFraction, loadThreshold });
      if (mode === this.#throttleSent) return;
      this.#throttleSent = mode;
      this.#context.request({
        task: 'throttle',
        to: 'crmd',
        from: 'crmd',
        origin: 'throttle_send_command',
        attributes: { 'crm-limit-mode': mode, 'crm-limit-max': this.#jobMaximum() },
      });
    });
  }

  /** Joined the group: the election begins to exist. */
  #attach(cluster: ClusterConnection): void {
    const context = this.#context;
    context.cluster = cluster;
    const host = context.host;
    context.election = new Election(
      {
        envelopes: context.envelopes,
        host: {
          log: host.log,
          monotonicMs: () => host.monotonicMs(),
          wallMs: () => host.wallMs(),
          randomUint32: () => host.randomUint32(),
          setTimer: (delayMs, handler) => host.setTimer(delayMs, (lateMs) => context.react(() => handler(lateMs))),
          userCpuMicroseconds: () => host.userCpuMicroseconds(),
          activePeers: () => context.activePeers().map((peer) => peer.name ?? peer.uuid),
          knownPeerCount: () => context.peers().length,
          canWin: () => context.fsa.state !== 'S_STARTING',
          send: (to, message) => host.send(to, message),
          electionWon: () => context.fsa.raise('I_ELECTION_DC', 'the election is won'),
          electionWanted: () => context.fsa.raise('I_ELECTION', "a peer's vote is beaten"),
          electionLost: (to) => this.#electionLost(to),
        },
      },
      {
        localName: cluster.localName,
        localUuid: cluster.localUuid,
        featureSet: context.envelopes.featureSet,
        timeoutMs: FIRST_ELECTION_TIMEOUT_MS,
      },
    );
  }

  #electionLost(to: string): void {
    const { fsa } = this.#context;
    this.#parts.follower.forgetDc();
    if (this.#context.isDc) {
      fsa.raise('I_RELEASE_DC', `the election is lost to ${to}`);
      this.#context.cib({ operation: 'cib_slave', options: cibOption.scopeLocal });
    } else if (fsa.state !== 'S_STARTING') fsa.raise('I_PENDING', `the election is lost to ${to}`);
  }

  /** The hook of controller.md 4.4. */
  #stateChanged(from: ControllerState, to: ControllerState, input: FsaInput, why: string): void {
    const context = this.#context;
    const { fsa, flags } = context;
    context.log.info(
      { event: 'state-change', from, to, input, why, ms: context.host.monotonicMs() },
      `${from} -> ${to} (${input}: ${why})`,
    );
    if (to !== 'S_ELECTION' && from !== 'S_RELEASE_DC') context.election?.stopTimer();
    fsa.add(to === 'S_INTEGRATION' ? 'A_INTEGRATE_TIMER_START' : 'A_INTEGRATE_TIMER_STOP');
    fsa.add(to === 'S_FINALIZE_JOIN' ? 'A_FINALIZE_TIMER_START' : 'A_FINALIZE_TIMER_STOP');
    if (to !== 'S_PENDING') fsa.add('A_DC_TIMER_STOP');
    if (to !== 'S_IDLE') context.stopTimer('recheck');
    if (from === 'S_FINALIZE_JOIN' && to === 'S_POLICY_ENGINE') {
      this.#parts.scheduling.writeNodes();
      if (context.isDc) writeNodeStates(context, allFlags, 'do_state_transition');
    }
    if (to !== 'S_RECOVERY' && to !== 'S_PENDING') fsa.remove('A_RECOVER');
    if (flags.has('SHUTDOWN') && (to === 'S_NOT_DC' || to === 'S_IDLE')) fsa.add('A_SHUTDOWN_REQ');
    this.#entered(to);
  }

  #entered(state: ControllerState): void {
    const context = this.#context;
    switch (state) {
      case 'S_PENDING':
        context.cib({ operation: 'cib_slave', options: cibOption.scopeLocal });
        this.#parts.follower.forgetDc();
        break;
      case 'S_ELECTION':
        this.#parts.follower.forgetDc();
        break;
      case 'S_NOT_DC':
        this.#parts.membership.fencingCleanUp.clear();
        break;
      case 'S_FINALIZE_JOIN':
        this.#parts.leader.logMissing();
        break;
      case 'S_POLICY_ENGINE':
        this.#checkCounts();
        break;
      case 'S_STOPPING':
      case 'S_TERMINATE':
        context.flags.add('SHUTDOWN');
        break;
      case 'S_IDLE':
        this.#parts.scheduling.startRecheck();
        break;
      default:
    }
  }

  #checkCounts(): void {
    const { leader } = this.#parts;
    const { fsa, membershipSequence } = this.#context;
    const active = this.#context.peers().filter(isActive).length;
    if (leader.count(joinPhase.finalized) > 0) return;
    if (leader.count(joinPhase.confirmed) > active) fsa.raise('I_ELECTION', 'more nodes have joined than are members');
    else if (membershipSequence !== leader.offeredAt) {
      fsa.raise('I_NODE_JOIN', 'the membership changed since the offers', { front: true });
    }
  }
}

/** Whether a replacement changed the sections that the controllers write. */
function replacesState(notify: Element): boolean {
  const operation = attr(notify, 'cib_op');
  if (operation !== 'cib_replace' && operation !== 'cib_erase') return false;
  const diff = descend(notify, 'cib_update_result', 'diff');
  if (diff === undefined || attr(notify, 'cib_rc') !== '0') return false;
  return childElements(diff, 'change').some((change) => {
    const path = attr(change, 'path') ?? '';
    if (path.startsWith('/cib/status') || path.startsWith('/cib/configuration/nodes')) return true;
    const made = childElements(change)[0]?.name;
    return path === '/cib' && (made === 'status' || made === 'configuration');
  });
}

/** Whether a change of the CIB is one of the cluster's options. */
function touchesOptions(notify: Element): boolean {
  const diff = descend(notify, 'cib_update_result', 'diff');
  if (diff === undefined) return false;
  for (const change of childElements(diff, 'change')) {
    const path = attr(change, 'path') ?? '';
    if (path.includes('/crm_config') || path.includes('/alerts')) return true;
    if (attr(change, 'operation') === 'create' && (path === '/cib' || path === '/cib/configuration' || path === ''))
      return true;
    const result = firstChild(change, 'change-result');
    if (result !== undefined && path === '/cib' && firstChild(result, 'configuration') !== undefined) return true;
  }
  return false;
}
