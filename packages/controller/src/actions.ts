import { cibOption } from '@sanode/cib';
import { infinity } from '@sanode/rules';
import type { Context } from './context.ts';
import { joinPhase } from './context.ts';
import type { Parts } from './controller.ts';
import type { ActionHandler } from './fsa.ts';
import type { FsaAction } from './fsa-tables.ts';
import { writeNodes } from './node-state.ts';

/** Retries of a connection at the start: quickly first, 60 s in all. */
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2000;
const RETRY_TOTAL_MS = 60_000;
/**
 * When every configured node's controller is in the group and none of them has offered a join for this long after our
 * announcement, there is no DC to wait for: the election begins without the rest of dc-deadtime.
 */
const EARLY_ELECTION_MS = 1000;

const voting = new Set(['S_ELECTION', 'S_INTEGRATION', 'S_RELEASE_DC']);

/** The code of each action of the state machine (controller.md 4.5). */
export function controllerActions(parts: Parts): Readonly<Record<FsaAction, ActionHandler>> {
  return {
    ...startActions(parts),
    ...timerActions(parts),
    ...joinActions(parts),
    ...dcActions(parts),
    ...stopActions(parts),
  };
}

type Actions<Names extends FsaAction> = Record<Names, ActionHandler>;

function connectStep(
  context: Context,
  what: string,
  connect: (done: (problem: string | undefined) => void) => void,
  connected: () => void,
): () => void {
  let state: 'idle' | 'trying' | 'waiting' = 'idle';
  let delayMs = RETRY_FIRST_MS;
  let spentMs = 0;
  return () => {
    if (state !== 'idle') return;
    state = 'trying';
    connect((problem) =>
      context.react(() => {
        if (problem === undefined) {
          state = 'idle';
          delayMs = RETRY_FIRST_MS;
          spentMs = 0;
          connected();
          return;
        }
        if (spentMs >= RETRY_TOTAL_MS) {
          context.fsa.raise('I_ERROR', `${what} can't be reached: ${problem}`);
          return;
        }
        context.log.debug({ problem }, `${what} is not there yet: ${problem}`);
        state = 'waiting';
        context.host.setTimer(delayMs, () =>
          context.react(() => {
            state = 'idle';
          }),
        );
        spentMs += delayMs;
        delayMs = Math.min(RETRY_MAX_MS, delayMs * 2);
      }),
    );
  };
}

function startActions(
  parts: Parts,
): Actions<
  | 'A_STARTUP'
  | 'A_CIB_START'
  | 'A_HA_CONNECT'
  | 'A_READCONFIG'
  | 'A_LRM_CONNECT'
  | 'A_STARTED'
  | 'A_TE_START'
  | 'A_PE_START'
> {
  const { context } = parts;
  const { flags, host } = context;
  const connectCib = connectStep(
    context,
    'the CIB manager',
    (done) => host.connectCib(done),
    () => flags.add('CIB_CONNECTED'),
  );
  const connectLrm = connectStep(
    context,
    'the executor',
    (done) => host.connectExecutor(done),
    () => flags.add('LRM_CONNECTED'),
  );
  let readingConfig = false;
  let connectingCluster = false;
  return {
    A_STARTUP: () => {},
    A_CIB_START: () => {
      if (flags.has('CIB_CONNECTED')) return undefined;
      connectCib();
      return 'stall';
    },
    A_HA_CONNECT: () => {
      if (flags.has('HA_CONNECTED')) return undefined;
      if (connectingCluster) return 'stall';
      connectingCluster = true;
      host.connectCluster((cluster, problem) =>
        context.react(() => {
          if (cluster === undefined) {
            context.fsa.raise('I_ERROR', `the cluster can't be joined: ${problem}`);
            return;
          }
          parts.attach(cluster);
          flags.add('HA_CONNECTED');
          writeNodes(context, true);
        }),
      );
      return 'stall';
    },
    A_READCONFIG: () => {
      if (flags.has('READ_CONFIG')) return undefined;
      if (!readingConfig) {
        readingConfig = true;
        parts.readConfiguration();
      }
      return 'stall';
    },
    A_LRM_CONNECT: () => {
      if (flags.has('LRM_CONNECTED')) return undefined;
      connectLrm();
      return 'stall';
    },
    A_STARTED: () => {
      for (const flag of ['MEMBERSHIP', 'LRM_CONNECTED', 'CIB_CONNECTED', 'READ_CONFIG', 'PEER_DATA'] as const) {
        if (flags.has(flag)) continue;
        context.log.debug({ missing: flag }, `not started yet: ${flag} is missing`);
        return 'stall';
      }
      host.openTools();
      flags.delete('STARTING');
      context.log.info({ ms: host.monotonicMs() }, 'the controller is started and looks for a DC');
      context.fsa.raise('I_PENDING', 'everything is connected');
      return undefined;
    },
    A_TE_START: () => {
      if (flags.has('TE_CONNECTED')) return;
      context.engine.reset();
      flags.add('TE_CONNECTED');
    },
    A_PE_START: () => {
      flags.add('PE_CONNECTED');
    },
  };
}

function timerActions(
  parts: Parts,
): Actions<
  | 'A_DC_TIMER_STOP'
  | 'A_DC_TIMER_START'
  | 'A_INTEGRATE_TIMER_STOP'
  | 'A_INTEGRATE_TIMER_START'
  | 'A_FINALIZE_TIMER_STOP'
  | 'A_FINALIZE_TIMER_START'
> {
  const { context, leader } = parts;
  return {
    A_DC_TIMER_STOP: () => {
      context.stopTimer('dc-deadtime');
      context.stopTimer('early-election');
    },
    A_DC_TIMER_START: () => {
      context.startTimer('dc-deadtime', context.options.dcDeadtimeMs, () =>
        context.fsa.raise('I_DC_TIMEOUT', 'no DC made itself known within dc-deadtime'),
      );
      if (context.isDc) context.fsa.raise('I_ELECTION', 'this DC looks for a DC');
      else startEarlyElection(context);
    },
    A_INTEGRATE_TIMER_STOP: () => context.stopTimer('integration'),
    A_INTEGRATE_TIMER_START: () =>
      context.startTimer('integration', context.options.integrationTimeoutMs, () => {
        if (leader.count(joinPhase.welcomed) === 0)
          context.fsa.raiseError('I_ELECTION', 'nobody answers the join offers');
        else context.fsa.raise('I_INTEGRATED', 'some did not answer the join offer in time', { front: true });
      }),
    A_FINALIZE_TIMER_STOP: () => context.stopTimer('finalization'),
    A_FINALIZE_TIMER_START: () =>
      context.startTimer('finalization', context.options.finalizationTimeoutMs, () => {
        if (context.fsa.state === 'S_FINALIZE_JOIN') {
          context.fsa.raise('I_ELECTION', 'not all confirmed the join in time (join-finalization-timeout)');
        }
      }),
  };
}

/** See EARLY_ELECTION_MS. While nodes are missing it looks again, as long as dc-deadtime runs. */
function startEarlyElection(context: Context): void {
  context.startTimer('early-election', EARLY_ELECTION_MS, () => {
    if (context.fsa.state !== 'S_PENDING' || !context.timerRuns('dc-deadtime')) return;
    const configured = context.cluster?.configuredNodes() ?? [];
    const active = new Set(context.activePeers().map((peer) => peer.id));
    if (configured.length > 0 && configured.every((node) => active.has(node.id))) {
      context.fsa.raise('I_DC_TIMEOUT', 'all nodes are there and none is DC');
    } else startEarlyElection(context);
  });
}

function joinActions(
  parts: Parts,
): Actions<
  | 'A_CL_JOIN_QUERY'
  | 'A_CL_JOIN_ANNOUNCE'
  | 'A_CL_JOIN_REQUEST'
  | 'A_CL_JOIN_RESULT'
  | 'A_DC_JOIN_OFFER_ALL'
  | 'A_DC_JOIN_OFFER_ONE'
  | 'A_DC_JOIN_PROCESS_REQ'
  | 'A_DC_JOIN_PROCESS_ACK'
  | 'A_DC_JOIN_FINALIZE'
  | 'A_DC_JOIN_FINAL'
> {
  const { context, leader, follower, membership } = parts;
  return {
    A_CL_JOIN_QUERY: () => follower.announce('do_cl_join_query'),
    A_CL_JOIN_ANNOUNCE: () => {
      if (context.fsa.state === 'S_PENDING' && !context.flags.has('STARTING')) follower.announce('do_cl_join_announce');
    },
    A_CL_JOIN_REQUEST: (data) => data?.message && follower.request(data.message),
    A_CL_JOIN_RESULT: (data) => data?.message && follower.result(data.message),
    A_DC_JOIN_OFFER_ALL: () => leader.offerAll(),
    A_DC_JOIN_OFFER_ONE: (data) => leader.offerOne(data?.message),
    A_DC_JOIN_PROCESS_REQ: (data) => data?.message && leader.processRequest(data.message),
    A_DC_JOIN_PROCESS_ACK: (data) => data?.message && leader.processConfirm(data.message),
    A_DC_JOIN_FINALIZE: () => leader.finalize(),
    A_DC_JOIN_FINAL: () => membership.updateQuorum(context.hasQuorum, true),
  };
}

function dcActions(
  parts: Parts,
): Actions<
  | 'A_ELECTION_VOTE'
  | 'A_ELECTION_START'
  | 'A_ELECTION_COUNT'
  | 'A_ELECTION_CHECK'
  | 'A_DC_TAKEOVER'
  | 'A_DC_RELEASE'
  | 'A_DC_RELEASED'
  | 'A_PE_INVOKE'
  | 'A_PE_STOP'
  | 'A_TE_INVOKE'
  | 'A_TE_CANCEL'
  | 'A_TE_HALT'
  | 'A_TE_STOP'
  | 'A_MSG_ROUTE'
  | 'A_LRM_EVENT'
  | 'A_LRM_INVOKE'
  | 'A_ERROR'
  | 'A_WARN'
  | 'A_LOG'
> {
  const { context, scheduling, takeover, routing, executor } = parts;
  const vote = (): void => {
    const { fsa, flags } = context;
    if (voting.has(fsa.state) && !flags.has('STARTING')) context.election.vote();
    else if (context.isDc) fsa.raise('I_RELEASE_DC', `no vote in ${fsa.state}`);
    else fsa.raise('I_PENDING', `no vote in ${fsa.state}`);
  };
  const cancel = (completion: 'restart' | 'wait') => (): 'stall' | undefined => {
    if (context.engine.complete) {
      if (completion === 'restart') context.engine.abort(infinity, completion, 'Peer Cancelled');
      return undefined;
    }
    context.engine.abort(infinity, completion, completion === 'restart' ? 'Peer Cancelled' : 'Peer Halt');
    return context.engine.complete ? undefined : 'stall';
  };
  return {
    A_ELECTION_VOTE: vote,
    A_ELECTION_START: vote,
    A_ELECTION_COUNT: (data) => {
      const message = data?.message;
      if (message !== undefined) context.election.count(message, message.attributes.get('src') ?? '');
    },
    A_ELECTION_CHECK: () => {
      if (context.fsa.state === 'S_ELECTION') context.election.check();
    },
    A_DC_TAKEOVER: () => takeover.takeOver(),
    A_DC_RELEASE: () => takeover.release(),
    A_DC_RELEASED: () => takeover.released(),
    A_PE_INVOKE: () => scheduling.invoke(),
    A_PE_STOP: () => {
      context.flags.delete('PE_CONNECTED');
      scheduling.forget();
    },
    A_TE_INVOKE: (data) => scheduling.start(data),
    A_TE_CANCEL: cancel('restart'),
    A_TE_HALT: cancel('wait'),
    A_TE_STOP: () => {
      context.flags.delete('TE_CONNECTED');
      context.engine.reset();
    },
    A_MSG_ROUTE: (data) => data?.message && routing.route(data.message, false),
    A_LRM_EVENT: () => {},
    A_LRM_INVOKE: (data) => data?.message && executor.invoke(data.message),
    A_ERROR: () => {},
    A_WARN: () => {},
    A_LOG: () => {},
  };
}

function stopActions(
  parts: Parts,
): Actions<
  | 'A_SHUTDOWN_REQ'
  | 'A_SHUTDOWN'
  | 'A_LRM_DISCONNECT'
  | 'A_HA_DISCONNECT'
  | 'A_CIB_STOP'
  | 'A_STOP'
  | 'A_EXIT_0'
  | 'A_EXIT_1'
  | 'A_RECOVER'
> {
  const { context, executor } = parts;
  const { flags, host } = context;
  let leaving: 'no' | 'asked' | 'done' = 'no';
  const exit = (code: number) => (): void => {
    context.stopAllTimers();
    const wanted = flags.has('STAYDOWN') ? 100 : code === 0 && flags.has('IN_RECOVERY') ? 1 : code;
    host.exit(wanted, `the controller ends in ${context.fsa.state}`);
  };
  return {
    A_SHUTDOWN_REQ: () => {
      flags.add('SHUTDOWN');
      context.log.info({ dc: context.dc }, 'asks the cluster to let this node leave');
      context.request({ task: 'req_shutdown', to: 'crmd', from: 'crmd', origin: 'do_shutdown_req' });
    },
    A_SHUTDOWN: () => {
      flags.add('SHUTDOWN');
    },
    A_LRM_DISCONNECT: () => {
      if (!flags.has('LRM_CONNECTED')) return undefined;
      executor.cancelAllRecurring();
      if (executor.oneShotsInFlight > 0 && context.fsa.state !== 'S_TERMINATE') return 'stall';
      flags.delete('LRM_CONNECTED');
      host.closeExecutor();
      return undefined;
    },
    A_HA_DISCONNECT: () => {
      if (leaving === 'done' || !flags.has('HA_CONNECTED')) return undefined;
      if (leaving === 'no') {
        leaving = 'asked';
        host.leaveCluster(() =>
          context.react(() => {
            leaving = 'done';
            flags.delete('HA_CONNECTED');
          }),
        );
      }
      return 'stall';
    },
    A_CIB_STOP: () => {
      if (!flags.has('CIB_CONNECTED')) return;
      context.cib({ operation: 'cib_slave', options: cibOption.scopeLocal });
      flags.delete('CIB_CONNECTED');
      host.closeCib();
    },
    A_STOP: () => {
      host.closeTools();
      if (context.fsa.state !== 'S_TERMINATE') context.fsa.raise('I_TERMINATE', 'everything is closed');
    },
    A_EXIT_0: () => {
      if (context.fsa.state === 'S_TERMINATE') exit(0)();
    },
    A_EXIT_1: exit(1),
    A_RECOVER: () => {
      flags.add('IN_RECOVERY');
      context.log.error({ state: context.fsa.state }, 'the controller restarts itself to recover');
      context.fsa.raise('I_TERMINATE', 'recovery by a restart of this daemon');
    },
  };
}
