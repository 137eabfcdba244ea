import { type CibReply, type CibRequest, cibOption, emptyCib } from '@sanode/cib';
import { CibManager } from '@sanode/cib/daemon';
import { Envelopes, messageData } from '@sanode/messages';
import type { ClusterConnection, SimulatedCluster, SimulatedTime } from '@sanode/peers';
import { type Logger, Reactor, type Release, releases, silentLogger } from '@sanode/runtime';
import { attr, childElements, type Element, element, firstChild } from '@sanode/xml';
import { Controller } from './controller.ts';
import type { ControllerHost } from './host.ts';

/** What a simulated node's agents and scheduler do. */
export interface SimulatedBehaviour {
  /** Makes a graph of a CIB; undefined: the scheduler is not there. */
  schedule(cib: Element, transitionId: number): Element | undefined;
  /** Runs an operation. @returns its exit code and how long it takes, ms; undefined: never answers */
  operate?(node: string, resource: string, task: string): { rc: number; ms: number; status?: number } | undefined;
  metadata?(type: string): Element | undefined;
  /** Largest and smallest age in elections, microseconds. */
  age?(node: string): number;
  fence?(target: string): boolean;
}

interface Running {
  readonly callId: number;
  cancelled: boolean;
}

const SCHEDULER_MS = 5;
const LOCAL_MS = 0;

/**
 * One node of a simulated cluster: a real controller on a real CIB manager, with an executor, an attrd and a fencer of
 * straw. For tests.
 */
export class SimulatedNode {
  readonly name: string;
  readonly controller: Controller;
  readonly cib: CibManager;
  readonly reactor: Reactor;
  /** Operations that agents ran, in order: `start web`. */
  readonly operations: string[] = [];
  /** What was told to attrd. */
  readonly attributes: { node: string; name: string; value: string | undefined }[] = [];
  /** Messages to tools. */
  readonly toolMessages: { client: string; message: Element }[] = [];
  exit: { code: number; why: string } | undefined;
  toolsOpen = false;
  readonly #time: SimulatedTime;
  readonly #cluster: SimulatedCluster;
  readonly #behaviour: SimulatedBehaviour;
  readonly #log: Logger;
  readonly #release: Release;
  readonly #answers = new Map<number, (answer: Element) => void>();
  readonly #replies = new Map<string, (reply: Element) => void>();
  readonly #recurring = new Map<string, Running>();
  #connection: ClusterConnection | undefined;
  #client = '';
  #token = 0;
  #callId = 0;
  #transition = 0;
  #schedulerLoad = 0;

  constructor(
    deps: { time: SimulatedTime; cluster: SimulatedCluster; behaviour: SimulatedBehaviour; log?: Logger },
    options: { name: string; release?: Release; cib?: Element; seed?: number },
  ) {
    this.name = options.name;
    this.#time = deps.time;
    this.#cluster = deps.cluster;
    this.#behaviour = deps.behaviour;
    this.#log = deps.log ?? silentLogger;
    this.#release = options.release ?? releases['3.0'];
    this.reactor = new Reactor(`${options.name}/crmd`);
    this.cib = this.#startCib(options.cib ?? emptyCib(this.#release), options.seed ?? 1);
    const envelopes = new Envelopes({ wallMs: () => 1_795_000_000_000 + this.#time.nowMs }, this.#release);
    this.controller = new Controller(
      { host: this.#host(options.seed ?? 1), envelopes },
      { dcVersion: `${this.#release.pacemakerVersion}-test` },
    );
  }

  start(): void {
    this.reactor.enter(() => this.controller.start());
  }

  /** SIGTERM. */
  term(): void {
    this.reactor.enter(() => this.controller.handleTerm());
  }

  /** A request of a tool. */
  tool(client: string, message: Element): boolean {
    let accepted = true;
    this.reactor.enter(() => {
      accepted = this.controller.handleTool({ id: client, user: 'root' }, message);
    });
    return accepted;
  }

  /** Loses a recurring operation's success: tells the executor's client a new result. */
  failRecurring(resource: string, task: string, intervalMs: number, rc: number): void {
    const running = this.#recurring.get(`${resource}_${task}_${intervalMs}`);
    if (running === undefined) throw new Error(`${resource}_${task}_${intervalMs} does not run on ${this.name}`);
    this.#notify({ resource, task, intervalMs, userdata: '', callId: running.callId }, rc, 0);
  }

  /** Changes the CIB as a tool does. */
  change(request: CibRequest, done: (reply: CibReply) => void = () => {}): void {
    this.#callCib(request, done);
  }

  #startCib(document: Element, seed: number): CibManager {
    const reactor = new Reactor(`${this.name}/cib`);
    const manager: CibManager = new CibManager(
      {
        ...this.#time.host(this.#log, seed),
        randomUuid: () => {
          this.#token += 1;
          return `${this.name}-client-${this.#token}`;
        },
        multicast: (message) => reactor.effect(() => connection.send(undefined, message, reactor.cause)),
        knows: (node) => connection.peerByName(node) !== undefined,
        sendTo: (node, message) => reactor.effect(() => connection.send(node, message, reactor.cause)),
        respond: (_client, token, answer) => this.#later(LOCAL_MS, () => this.#answers.get(token)?.(answer)),
        event: (_client, message) => this.#later(LOCAL_MS, () => this.#cibEvent(message)),
        disconnectClient: () => {},
        persist: (_cib, sequence) => this.#later(1, () => manager.persisted(sequence, true)),
        activePeerCount: () =>
          connection.peers().filter((peer) => peer.online && peer.id !== connection.localId).length,
        exit: () => {},
      },
      { nodeName: this.name, release: this.#release, cib: document, clustered: true },
    );
    const connection = this.#cluster.connect(
      { node: this.name, group: 'cib', trackQuorum: false, autoReap: true, reactor },
      { message: ({ element: message }) => manager.peerMessage(message), peerChanged() {}, disconnected() {} },
    );
    return manager;
  }

  #cibEvent(message: Element): void {
    if (message.name === 'notify') {
      this.reactor.enter(() => this.controller.handleDiff(message));
      return;
    }
    const id = attr(message, 'cib_callid') ?? '';
    const settle = this.#replies.get(id);
    this.#replies.delete(id);
    settle?.(message);
  }

  #callCib(request: CibRequest, done: (reply: CibReply) => void): void {
    this.#token += 1;
    const token = this.#token;
    const settle = (answer: Element): void => {
      const data = firstChild(answer, 'cib_calldata');
      const rc = Number.parseInt(attr(answer, 'cib_rc') ?? '0', 10);
      this.reactor.enter(() => done({ rc, data: data === undefined ? undefined : childElements(data)[0] }));
    };
    this.#replies.set(String(token), settle);
    this.#answers.set(token, (answer) => {
      if (answer.name === 'cib-reply') this.#cibEvent(answer);
    });
    const message = element(
      'cib_command',
      {
        t: 'cib',
        cib_op: request.operation,
        cib_host: request.host,
        cib_section: request.section,
        cib_callid: token,
        cib_callopt: (request.options ?? 0) | (request.operation === 'cib_query' ? cibOption.syncCall : 0),
      },
      request.data === undefined ? [] : [element('cib_calldata', {}, [request.data])],
    );
    this.#later(LOCAL_MS, () => this.cib.clientMessage(this.#client, message, token));
  }

  #later(delayMs: number, run: () => void): void {
    this.#time.after(delayMs, () => {
      if (this.exit === undefined) run();
    });
  }

  #event(delayMs: number, run: () => void): void {
    this.#later(delayMs, () => this.reactor.enter(run));
  }

  #host(seed: number): ControllerHost {
    const base = this.#time.host(this.#log, seed);
    return {
      ...base,
      setTimer: (delayMs, handler) =>
        this.#time.after(delayMs, () => {
          if (this.exit === undefined) this.reactor.enter(() => handler(0));
        }),
      userCpuMicroseconds: () => this.#behaviour.age?.(this.name) ?? 0,
      effect: (action) => this.reactor.effect(action),
      connectCib: (done) => {
        this.#client = this.cib.clientConnected({ user: 'hacluster', pid: 1, privileged: true, writable: true });
        const hello = (attributes: Record<string, string | number>) =>
          this.cib.clientMessage(this.#client, element('cib_command', { t: 'cib', ...attributes }), undefined);
        hello({ cib_op: 'register', cib_clientname: 'crmd' });
        hello({ cib_op: 'cib_notify', cib_notify_type: 'cib_diff_notify', cib_notify_activate: 1 });
        this.#event(LOCAL_MS, () => done(undefined));
      },
      closeCib: () => {},
      cib: (request, done) => this.#callCib(request, done),
      connectCluster: (done) => {
        this.#connection = this.#cluster.connect(
          { node: this.name, group: 'crmd', trackQuorum: true, autoReap: false, reactor: this.reactor },
          {
            message: ({ element: message }) => this.#alive(() => this.controller.handleMessage(message)),
            peerChanged: (peer, change, before) => this.#alive(() => this.controller.handlePeer(peer, change, before)),
            quorumChanged: (quorate, ring) => this.#alive(() => this.controller.handleQuorum(quorate, ring)),
            disconnected: (reason) => {
              this.exit = { code: 102, why: reason };
            },
          },
        );
        const connection = this.#connection;
        this.#event(LOCAL_MS, () => done(connection, undefined));
      },
      leaveCluster: (done) => {
        void this.#connection?.leave();
        this.#event(LOCAL_MS, done);
      },
      send: (to, message) => {
        const { cause } = this.reactor;
        this.reactor.effect(() => this.#connection?.send(to, message, cause));
      },
      clusterName: (done) => this.#event(LOCAL_MS, () => done('simulated')),
      connectExecutor: (done) => this.#event(LOCAL_MS, () => done(undefined)),
      closeExecutor: () => {},
      executor: (command, done) => this.#execute(command, done),
      metadata: (_standard, _provider, type, done) =>
        this.#event(LOCAL_MS, () => done(this.#behaviour.metadata?.(type))),
      updateAttributes: (node, changes) => this.#setAttributes(node, changes),
      clearFailures: (node, resource) => this.attributes.push({ node, name: `clear ${resource}`, value: undefined }),
      schedule: (request, done) => this.#schedule(request, done),
      fence: (request, done) => {
        const succeeded = this.#behaviour.fence?.(request.target) ?? false;
        const status = succeeded ? 0 : 10;
        this.#event(10, () => done({ succeeded, status, reason: succeeded ? '' : 'no device' }));
      },
      openTools: () => {
        this.toolsOpen = true;
      },
      closeTools: () => {
        this.toolsOpen = false;
      },
      sendToClient: (client, message) => {
        this.toolMessages.push({ client, message });
        return true;
      },
      watchdogRuns: () => false,
      load: () => ({ cpuCores: 2, average: this.#schedulerLoad, cibCpuFraction: undefined }),
      exit: (code, why) => {
        this.exit ??= { code, why };
      },
    };
  }

  #alive(run: () => void): void {
    if (this.exit === undefined) run();
  }

  #schedule(...[request, done]: Parameters<ControllerHost['schedule']>): void {
    const cib = messageData(request) as Element;
    this.#transition += 1;
    const graph = this.#behaviour.schedule(cib, this.#transition);
    this.#event(SCHEDULER_MS, () =>
      graph === undefined ? done(undefined, 'nobody listens') : done({ graph, source: undefined }, undefined),
    );
  }

  #setAttributes(...[node, changes]: Parameters<ControllerHost['updateAttributes']>): void {
    const uuid = this.#connection?.peerByName(node)?.uuid ?? node;
    for (const change of changes) {
      this.attributes.push({ node, ...change });
      const id = `status-${uuid}-${change.name.replaceAll(/[#:]/g, '.')}`;
      const pair = element('nvpair', { id, name: change.name, value: change.value ?? '' });
      const set = element('instance_attributes', { id: `status-${uuid}` }, [pair]);
      const transient = element('transient_attributes', { id: uuid }, [set]);
      const data = element('status', {}, [element('node_state', { id: uuid }, [transient])]);
      this.#later(2, () =>
        this.#callCib(
          { operation: 'cib_modify', section: 'status', data, options: cibOption.quorumOverride },
          () => {},
        ),
      );
    }
  }

  #execute(command: Element, done: (reply: Element | undefined) => void): void {
    const operation = attr(command, 'lrmd_op');
    const wrapper = firstChild(command, 'lrmd_calldata');
    const data = wrapper === undefined ? undefined : firstChild(wrapper, 'lrmd_rsc');
    const resource = (data && attr(data, 'lrmd_rsc_id')) ?? '';
    const task = (data && attr(data, 'lrmd_rsc_action')) ?? '';
    const intervalMs = Number((data && attr(data, 'lrmd_rsc_interval')) ?? '0');
    const userdata = (data && attr(data, 'lrmd_rsc_userdata_str')) ?? '';
    const answer = (rc: number): void => this.#event(LOCAL_MS, () => done(element('lrmd_reply', { lrmd_rc: rc })));
    const key = `${resource}_${task}_${intervalMs}`;
    if (operation === 'lrmd_rsc_cancel') {
      const running = this.#recurring.get(key);
      answer(running === undefined ? -95 : 0);
      if (running === undefined) return;
      this.#recurring.delete(key);
      this.#notify({ resource, task, intervalMs, userdata, callId: running.callId }, 0, 1);
      return;
    }
    if (operation !== 'lrmd_rsc_exec') {
      answer(0);
      return;
    }
    this.#callId += 1;
    const callId = this.#callId;
    answer(callId);
    this.operations.push(intervalMs === 0 ? `${task} ${resource}` : `${task} ${resource} ${intervalMs}`);
    if (intervalMs > 0) this.#recurring.set(key, { callId, cancelled: false });
    const outcome =
      this.#behaviour.operate === undefined ? { rc: 0, ms: 5 } : this.#behaviour.operate(this.name, resource, task);
    if (outcome === undefined) return;
    this.#later(outcome.ms, () =>
      this.#notify({ resource, task, intervalMs, userdata, callId }, outcome.rc, outcome.status ?? 0),
    );
  }

  #notify(
    operation: { resource: string; task: string; intervalMs: number; userdata: string; callId: number },
    rc: number,
    status: number,
  ): void {
    const nowS = Math.floor((1_795_000_000_000 + this.#time.nowMs) / 1000);
    const notify = element('lrmd_notify', {
      lrmd_op: 'lrmd_rsc_exec',
      lrmd_rsc_id: operation.resource,
      lrmd_rsc_action: operation.task,
      lrmd_rsc_interval: operation.intervalMs,
      lrmd_rsc_userdata_str: operation.userdata,
      lrmd_callid: operation.callId,
      lrmd_exec_rc: rc,
      lrmd_exec_op_status: status,
      lrmd_run_time: nowS,
      lrmd_rcchange_time: nowS,
      lrmd_exec_time: 5,
      lrmd_queue_time: 0,
    });
    this.#event(LOCAL_MS, () => this.controller.handleExecutor(notify));
  }
}
