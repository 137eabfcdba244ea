import { cibOption } from '@sanode/cib';
import { type Abort, GraphError, type GraphOutcome, parseGraph } from '@sanode/transition';
import { attr, childElements, type Element, element, withAttributes, withChildren } from '@sanode/xml';
import type { Context } from './context.ts';
import type { FsaData } from './fsa.ts';
import { writeNodes } from './node-state.ts';

/** A scheduler that does not answer for this long: the DC gives up its life. */
const SCHEDULER_TIMEOUT_MS = 120_000;
/** Own changes that are on their way to the CIB are waited for, this long at most. */
const SETTLE_MS = 1000;
const SCHEDULER_RETRY_MS = 1000;
const FATAL_EXIT = 100;
const MIN_RECHECK_MS = 500;

/** Gets transition graphs from the scheduler and hands them to the engine (controller.md 8.1). */
export class Scheduling {
  readonly #context: Context;
  /** Number of the question whose answer is awaited; undefined when none is. */
  #awaited: number | undefined;
  #count = 0;
  #recheckByS: number | undefined;

  constructor(deps: { context: Context }) {
    this.#context = deps.context;
  }

  /** Discards whatever answer is awaited. */
  forget(): void {
    this.#awaited = undefined;
    this.#context.stopTimer('scheduler');
    this.#context.stopTimer('settle');
    this.#context.stopTimer('crash-grace');
  }

  /** PE_INVOKE. */
  invoke(): void {
    const { fsa, flags } = this.#context;
    if (!this.#context.isDc) {
      this.#context.log.error({ state: fsa.state }, 'only the DC asks the scheduler');
      return;
    }
    if (fsa.state !== 'S_POLICY_ENGINE') return;
    if (!flags.has('HAVE_CIB')) {
      fsa.raise('I_ELECTION', 'the CIB of this cluster is not known yet');
      return;
    }
    const graceMs = this.#crashGraceMs();
    if (graceMs > 0) {
      this.forget();
      this.#context.startTimer('crash-grace', graceMs, () => this.#context.fsa.add('A_PE_INVOKE'));
      return;
    }
    this.#count += 1;
    const question = this.#count;
    this.#awaited = question;
    let asked = false;
    const ask = (): void => {
      if (asked || this.#awaited !== question) return;
      asked = true;
      this.#context.stopTimer('settle');
      this.#queryCib(question);
    };
    this.#context.startTimer('settle', SETTLE_MS, ask);
    this.#context.settled(ask);
  }

  /** Time that crashed controllers still have to come back, ms. */
  #crashGraceMs(): number {
    const now = this.#context.host.monotonicMs();
    let graceMs = 0;
    for (const peer of this.#context.peers()) {
      const info = this.#context.info(peer);
      if (peer.state !== 'member' || peer.online || info.expected === 'down') continue;
      const leftMs = info.grace.leftMs(now);
      if (leftMs <= 0) continue;
      graceMs = Math.max(graceMs, leftMs);
      this.#context.log.warn(
        { node: peer.name, graceMs: leftMs },
        `the controller of ${peer.name} is gone but its node is there: nothing is moved for up to ${Math.ceil(leftMs)} ms, so that it can come back`,
      );
    }
    return graceMs;
  }

  #queryCib(question: number): void {
    this.#context.cib({ operation: 'cib_query', options: cibOption.scopeLocal }, (reply) => {
      if (this.#awaited !== question || !this.#context.isDc || this.#context.fsa.state !== 'S_POLICY_ENGINE') return;
      if (reply.rc < 0 || reply.data === undefined) {
        this.#context.fsa.raise('I_ERROR', `the CIB can't be read for the scheduler (${reply.rc})`);
        return;
      }
      this.#ask(question, reply.data);
    });
  }

  #ask(question: number, cib: Element): void {
    const context = this.#context;
    const request = context.envelopes.request({
      task: 'pe_calc',
      to: 'pengine',
      from: 'dc',
      origin: 'do_pe_invoke_callback',
      data: schedulerInput(context, cib),
    });
    context.log.info(
      {
        event: 'scheduler-asked',
        question,
        epoch: attr(cib, 'epoch'),
        updates: attr(cib, 'num_updates'),
        ms: context.host.monotonicMs(),
      },
      `asks the scheduler (CIB ${attr(cib, 'admin_epoch')}.${attr(cib, 'epoch')}.${attr(cib, 'num_updates')})`,
    );
    context.startTimer('scheduler', SCHEDULER_TIMEOUT_MS, () =>
      context.host.exit(FATAL_EXIT, 'the scheduler did not answer within 120 s'),
    );
    context.host.schedule(request, (reply, problem) =>
      context.react(() => {
        if (this.#awaited !== question) {
          context.log.info({ question }, 'a graph came too late: something has changed since it was asked for');
          return;
        }
        this.forget();
        if (reply === undefined) {
          context.log.error({ problem }, `the scheduler can't be asked: ${problem}`);
          context.startTimer('settle', SCHEDULER_RETRY_MS, () =>
            context.fsa.raise('I_PE_CALC', 'the scheduler is asked again'),
          );
          return;
        }
        context.fsa.raise('I_PE_SUCCESS', 'the scheduler answered', {
          data: { graph: { element: reply.graph, source: reply.source } },
        });
      }),
    );
  }

  /** TE_INVOKE: starts the graph that the scheduler sent. */
  start(data: FsaData | undefined): void {
    const { engine, log, fsa } = this.#context;
    if (data?.graph === undefined) return;
    if (this.#context.timerRuns('transition')) {
      log.info({}, 'a graph is dropped: the next one is due already (transition-delay)');
      return;
    }
    try {
      const graph = parseGraph(data.graph.element);
      const recheck = Number.parseInt(attr(data.graph.element, 'recheck-by') ?? '', 10);
      this.#recheckByS = Number.isNaN(recheck) ? undefined : recheck;
      log.info(
        {
          event: 'transition-started',
          transition: graph.id,
          steps: graph.synapses.length,
          source: graph.source,
          ms: this.#context.host.monotonicMs(),
        },
        `transition ${graph.id} starts with ${graph.synapses.length} steps`,
      );
      engine.start(graph);
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      log.error({ err: error }, `the scheduler's graph is not valid: ${error.message}`);
      fsa.raise('I_ERROR', `the scheduler's graph is not valid: ${error.message}`);
    }
  }

  /** Host effect of the engine: an abort was accepted. */
  aborted(abort: Abort): void {
    this.forget();
    this.#context.stopTimer('quorum-gained');
    if (abort.graphWasComplete) this.#recalculate(abort.text);
  }

  #recalculate(why: string): void {
    const { fsa, options } = this.#context;
    if (options.transitionDelayMs > 0) {
      this.#context.startTimer('transition', options.transitionDelayMs, () =>
        fsa.raise('I_PE_CALC', `transition-delay is over (${why})`),
      );
    } else if (!fsa.hasQueued('I_PE_CALC')) fsa.raise('I_PE_CALC', why);
  }

  /** Host effect of the engine: the graph is done. */
  graphDone(outcome: GraphOutcome): void {
    const { fsa, log, host } = this.#context;
    const why = outcome.abortReason ?? `transition ${outcome.graph.id} is ${outcome.ending}`;
    log.info(
      {
        event: 'transition-completed',
        transition: outcome.graph.id,
        ending: outcome.ending,
        completion: outcome.completion,
        ms: host.monotonicMs(),
      },
      `transition ${outcome.graph.id} completed (${outcome.ending})`,
    );
    if (outcome.completion === 'shutdown') {
      if (this.#context.flags.has('SHUTDOWN')) fsa.raise('I_STOP', 'everything that this node had is moved: it stops');
      else fsa.raise('I_TERMINATE', 'the cluster wants this node to leave');
    } else if (outcome.completion === 'restart') {
      if (fsa.state === 'S_TRANSITION_ENGINE' || fsa.state === 'S_IDLE') this.#recalculate(why);
      else if (fsa.state === 'S_POLICY_ENGINE') fsa.add('A_PE_INVOKE');
    } else if (fsa.state === 'S_TRANSITION_ENGINE') fsa.raise('I_TE_SUCCESS', why);
  }

  /** S_IDLE begins: after a while the scheduler is asked anyway (rules with dates). */
  startRecheck(): void {
    const { options, fsa, host } = this.#context;
    let delayMs = options.recheckIntervalMs;
    if (this.#recheckByS !== undefined) {
      const untilMs = Math.max(MIN_RECHECK_MS, this.#recheckByS * 1000 - host.wallMs());
      delayMs = delayMs > 0 ? Math.min(delayMs, untilMs) : untilMs;
    }
    this.#context.startTimer('recheck', delayMs, () => {
      if (fsa.state === 'S_IDLE') fsa.raise('I_PE_CALC', 'time to look again (cluster-recheck-interval)');
    });
  }

  /** FINALIZE_JOIN -> POLICY_ENGINE: section nodes is brought up to date. */
  writeNodes(): void {
    writeNodes(this.#context, false);
  }
}

/** What the scheduler gets: the CIB with what only the DC knows at this moment. */
export function schedulerInput(context: Context, cib: Element): Element {
  const lost = context.everHadQuorum && !context.hasQuorum;
  const root = withAttributes(cib, {
    'dc-uuid': context.localUuid,
    'have-quorum': context.hasQuorum ? 1 : 0,
    ...(lost ? { 'no-quorum-panic': '1' } : {}),
  });
  const watchdog = String(context.host.watchdogRuns());
  return withChildren(
    root,
    root.children.map((child) => {
      if (child.type !== 'element' || child.name !== 'configuration') return child;
      return withChildren(
        child,
        child.children.map((part) =>
          part.type === 'element' && part.name === 'crm_config' ? withWatchdog(part, watchdog) : part,
        ),
      );
    }),
  );
}

function withWatchdog(crmConfig: Element, value: string): Element {
  let found = false;
  const sets = crmConfig.children.map((set) => {
    if (set.type !== 'element' || set.name !== 'cluster_property_set') return set;
    const pairs = set.children.map((pair) => {
      if (pair.type !== 'element' || attr(pair, 'name') !== 'have-watchdog') return pair;
      found = true;
      return withAttributes(pair, { value });
    });
    return withChildren(set, pairs);
  });
  if (found) return withChildren(crmConfig, sets);
  const id = 'cib-bootstrap-options';
  const pair = element('nvpair', { id: `${id}-have-watchdog`, name: 'have-watchdog', value });
  const existing = childElements(crmConfig, 'cluster_property_set').find((set) => attr(set, 'id') === id);
  if (existing === undefined)
    return withChildren(crmConfig, [...sets, element('cluster_property_set', { id }, [pair])]);
  const extended = withChildren(existing, [...existing.children, pair]);
  return withChildren(
    crmConfig,
    crmConfig.children.map((set) => (set === existing ? extended : set)),
  );
}
