import type { CoreHost, Timer } from '@sanode/runtime';
import type { ChildSpec } from './children.ts';

/** What pacemakerd says of itself (`pacemakerd_state`). */
export type SupervisorState =
  | 'init'
  | 'starting_daemons'
  | 'wait_for_ping'
  | 'running'
  | 'shutting_down'
  | 'shutdown_complete';

/** How a child ended. */
export interface ChildExit {
  /** Exit code; undefined when a signal ended it, or when it is not known. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** How pacemakerd ends. */
export interface SupervisorEnd {
  readonly exitCode: number;
  /** Ask corosync to leave too: the node must not come back by itself. */
  readonly stopCorosync: boolean;
}

/** What the supervisor needs of its process. Effects; they answer by events. */
export interface SupervisorHost extends CoreHost {
  /** Forks a child; answer: `spawned`, or `exited` at once when it can't be. */
  spawn(child: ChildSpec): void;
  kill(pid: number, signal: 'SIGTERM' | 'SIGKILL' | 'SIGSEGV'): void;
  /** Asks each of its sockets whether it is alive; answer: `probed`. */
  probe(child: ChildSpec): void;
  /** Begins to try corosync; answer: `corosyncBack`. */
  awaitCorosync(): void;
  /** All children answer: tell systemd. */
  ready(): void;
  /** Takes the node down at once (panic action); never comes back. */
  panic(reason: string): void;
  ended(end: SupervisorEnd): void;
}

/** Settings of a {@link Supervisor}. */
export interface SupervisorOptions {
  readonly children: readonly ChildSpec[];
  /** PCMK_fail_fast: any failure of a child panics the node. */
  readonly failFast: boolean;
  /** PCMK_shutdown_delay: between the last child's end and ours, ms. */
  readonly shutdownDelayMs: number;
}

const maxRespawns = 100;
const checkIntervalMs = 1000;
const maxFailedChecks = 5;
const firstProbeMs = 10;
const slowestProbeMs = 100;
const stopTimeoutMs = 180_000;
/** Exit codes of children with a meaning (6.2). */
const exitFatal = 100;
const exitPanic = 101;

interface Child {
  readonly spec: ChildSpec;
  pid: number | undefined;
  ready: boolean;
  respawns: number;
  respawn: boolean;
  /** Ended while corosync was away: started when it is back. */
  waits: boolean;
  probing: boolean;
  probeDelayMs: number;
  failedChecks: number;
  timer: Timer | undefined;
  /** It was told to stop. */
  stopping: boolean;
}

/** pacemakerd's core: starts, watches, restarts and stops the node's daemons. Pure. */
export class Supervisor {
  readonly #host: SupervisorHost;
  readonly #options: SupervisorOptions;
  readonly #children: readonly Child[];
  #state: SupervisorState = 'init';
  #stateSinceMs: number;
  #corosyncThere = true;
  #wasReady = false;
  #end: SupervisorEnd = { exitCode: 0, stopCorosync: false };

  constructor(deps: { host: SupervisorHost }, options: SupervisorOptions) {
    this.#host = deps.host;
    this.#options = options;
    this.#stateSinceMs = deps.host.wallMs();
    this.#children = options.children.map((spec) => ({
      spec,
      pid: undefined,
      ready: false,
      respawns: 0,
      respawn: true,
      waits: false,
      probing: false,
      probeDelayMs: firstProbeMs,
      failedChecks: 0,
      timer: undefined,
      stopping: false,
    }));
  }

  get state(): SupervisorState {
    return this.#state;
  }

  /** When it last became so, epoch ms: the ping's `crm-timestamp`. */
  get stateSinceMs(): number {
    return this.#stateSinceMs;
  }

  /**
   * Starts every child, one right after the other's fork.
   * @param running pids of daemons that already run here (pacemakerd was restarted): they are taken over
   */
  start(running: ReadonlyMap<string, number> = new Map()): void {
    this.#become('starting_daemons');
    for (const child of this.#children) {
      const pid = running.get(child.spec.name);
      if (pid === undefined) this.#spawn(child);
      else {
        this.#host.log.info(
          { child: child.spec.name, childPid: pid },
          `${child.spec.name} runs already and is taken over`,
        );
        this.spawned(child.spec.name, pid);
      }
    }
  }

  /** A child was forked. */
  spawned(name: string, pid: number): void {
    const child = this.#child(name);
    child.pid = pid;
    child.failedChecks = 0;
    child.probeDelayMs = firstProbeMs;
    if (this.#state === 'shutting_down') this.#host.kill(pid, 'SIGTERM');
    else this.#probeLater(child, child.probeDelayMs);
  }

  /** A child ended, or could not be started. */
  exited(name: string, exit: ChildExit): void {
    const child = this.#child(name);
    child.pid = undefined;
    child.ready = false;
    child.timer?.cancel();
    child.timer = undefined;
    const how = exit.signal === undefined ? `exit code ${exit.code ?? 'unknown'}` : `signal ${exit.signal}`;
    if (this.#state === 'shutting_down') {
      this.#host.log.info({ child: name, ...exit }, `${name} has ended (${how})`);
      if (exit.code === exitFatal) this.#end = { exitCode: exitFatal, stopCorosync: true };
      this.#stopNext();
      return;
    }
    this.#host.log[exit.code === 0 ? 'warn' : 'error']({ child: name, ...exit }, `${name} ended unexpectedly (${how})`);
    if (exit.code === exitFatal) {
      child.respawn = false;
      this.#end = { exitCode: exitFatal, stopCorosync: true };
      this.#host.log.fatal({ child: name }, `${name} can't go on: this node's cluster services stop, and corosync too`);
      this.stop();
    } else if (exit.code === exitPanic) {
      child.respawn = false;
      this.#host.panic(`${name} asked for it`);
    } else if (this.#options.failFast) this.#host.panic(`${name} failed, and PCMK_fail_fast is set`);
    else this.#respawn(child);
  }

  /** The answer to a probe. */
  probed(name: string, alive: boolean): void {
    const child = this.#child(name);
    child.probing = false;
    if (child.pid === undefined || this.#isStopping()) return;
    if (alive) {
      child.failedChecks = 0;
      if (!child.ready) {
        child.ready = true;
        this.#host.log.info({ child: name, childPid: child.pid }, `${name} is ready`);
        this.#checkReady();
      }
      this.#probeLater(child, checkIntervalMs);
    } else if (!child.ready) {
      child.probeDelayMs = Math.min(slowestProbeMs, child.probeDelayMs * 2);
      this.#probeLater(child, child.probeDelayMs);
    } else this.#checkFailed(child);
  }

  /** Corosync is gone. Children that need it end by themselves and are started when it is back. */
  corosyncLost(reason: string): void {
    if (!this.#corosyncThere || this.#isStopping()) return;
    this.#corosyncThere = false;
    this.#host.log.warn({}, `corosync is gone (${reason}); waiting for it`);
    this.#host.awaitCorosync();
  }

  corosyncBack(): void {
    if (this.#corosyncThere) return;
    this.#corosyncThere = true;
    this.#host.log.info({}, 'corosync is back');
    for (const child of this.#children) {
      if (!child.waits || this.#isStopping()) continue;
      child.waits = false;
      this.#spawn(child);
    }
  }

  /** SIGTERM: stops the children in reverse order, each waited for. */
  stop(): void {
    if (this.#isStopping()) return;
    this.#become('shutting_down');
    for (const child of this.#children) {
      child.timer?.cancel();
      child.timer = undefined;
    }
    this.#stopNext();
  }

  #isStopping(): boolean {
    return this.#state === 'shutting_down' || this.#state === 'shutdown_complete';
  }

  #child(name: string): Child {
    const child = this.#children.find((each) => each.spec.name === name);
    if (child === undefined) throw new Error(`pacemakerd has no child ${name}`);
    return child;
  }

  #become(state: SupervisorState): void {
    this.#state = state;
    this.#stateSinceMs = this.#host.wallMs();
    this.#host.log.info({ state }, `pacemakerd: ${state}`);
  }

  #spawn(child: Child): void {
    this.#host.spawn(child.spec);
  }

  #respawn(child: Child): void {
    if (!child.respawn) return;
    child.respawns += 1;
    const { name } = child.spec;
    if (child.respawns > maxRespawns) {
      child.respawn = false;
      this.#host.log.fatal({ child: name }, `${name} ended ${child.respawns} times and is not started any more`);
      return;
    }
    if (child.spec.needsCluster && !this.#corosyncThere) {
      child.waits = true;
      this.#host.log.info({ child: name }, `${name} is started again when corosync is back`);
      return;
    }
    this.#host.log.info({ child: name, respawns: child.respawns }, `${name} is started again`);
    this.#spawn(child);
  }

  #probeLater(child: Child, delayMs: number): void {
    child.timer?.cancel();
    child.timer = this.#host.setTimer(delayMs, () => {
      child.timer = undefined;
      if (child.pid === undefined || child.probing) return;
      child.probing = true;
      this.#host.probe(child.spec);
    });
  }

  #checkFailed(child: Child): void {
    child.failedChecks += 1;
    if (child.failedChecks < maxFailedChecks) {
      this.#probeLater(child, checkIntervalMs);
      return;
    }
    const { name } = child.spec;
    this.#host.log.error({ child: name, childPid: child.pid }, `${name} does not answer: killing it`);
    if (child.pid !== undefined) this.#host.kill(child.pid, 'SIGKILL');
  }

  #checkReady(): void {
    if (!this.#children.every((child) => child.ready)) return;
    if (this.#state === 'starting_daemons') this.#become('running');
    if (!this.#wasReady) this.#host.ready();
    this.#wasReady = true;
  }

  #stopNext(): void {
    const next = this.#children.findLast((child) => child.pid !== undefined);
    if (next === undefined) {
      this.#finish();
      return;
    }
    if (next.stopping) return;
    next.stopping = true;
    const pid = next.pid as number;
    this.#host.log.info({ child: next.spec.name, childPid: pid }, `stopping ${next.spec.name}`);
    this.#host.kill(pid, 'SIGTERM');
    if (!next.spec.escalates) return;
    next.timer = this.#host.setTimer(stopTimeoutMs, () => {
      this.#host.log.error({ child: next.spec.name, childPid: pid }, `${next.spec.name} does not stop: killing it`);
      this.#host.kill(pid, 'SIGSEGV');
    });
  }

  #finish(): void {
    if (this.#state === 'shutdown_complete') return;
    this.#become('shutdown_complete');
    const end = (): void => this.#host.ended(this.#end);
    if (this.#options.shutdownDelayMs > 0) this.#host.setTimer(this.#options.shutdownDelayMs, end);
    else end();
  }
}
