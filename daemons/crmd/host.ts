import { type AttrdClient, AttrdError, type AttributeUpdate, connectAttrd } from '@sanode/attributes';
import { type CibClient, connectCib } from '@sanode/cib';
import { connectCmap } from '@sanode/cluster/client';
import type { Controller, ControllerHost } from '@sanode/controller';
import { agentMetadata, connectExecutor, type ExecutorClient, MetadataError } from '@sanode/executor';
import { IpcError, type IpcServer, type IpcServerClient, listenXmlIpc, sendXmlEvent } from '@sanode/ipc';
import { CAUSE_ATTRIBUTE } from '@sanode/messages';
import { type ClusterConnection, connectCluster } from '@sanode/peers';
import {
  accountName,
  clusterGroup,
  type Logger,
  NodeHost,
  notifyReady,
  paths,
  type Reactor,
  usableGroupId,
} from '@sanode/runtime';
import { type Element, element, withAttributes } from '@sanode/xml';
import { sbdRuns, systemLoad } from './load.ts';
import { SchedulerClient } from './scheduler-client.ts';

/** Exit code for a lost cluster (CRM_EX_DISCONNECT): pacemakerd waits for corosync and starts us again. */
const EXIT_DISCONNECTED = 102;
/** The CIB client's answer when there is no connection. */
const ENOTCONN = -107;
/** Acknowledgement's status in the reference: CRM_EX_INDETERMINATE. */
const ACK_STATUS = 112;
const NO_FENCER_STATUS = 8;
const ATTRD_RETRY_MS = 200;

/** The controller's effects on real sockets, timers and processes. */
export class CrmdHost extends NodeHost implements ControllerHost {
  readonly #log: Logger;
  readonly #reactor: Reactor;
  #controller!: Controller;
  #cib: CibClient | undefined;
  #cluster: ClusterConnection | undefined;
  #executor: ExecutorClient | undefined;
  #attrd: Promise<AttrdClient> | undefined;
  #attrdQueue: Promise<void> = Promise.resolve();
  readonly #scheduler = new SchedulerClient();
  #tools: IpcServer | undefined;
  readonly #clients = new Map<string, IpcServerClient>();
  #ending = false;

  constructor(deps: { reactor: Reactor; log: Logger }) {
    super(deps, { receivedCount: () => this.#received });
    this.#log = deps.log;
    this.#reactor = deps.reactor;
  }

  #received = 0;

  /** Names the controller that events go to. */
  attach(controller: Controller): void {
    this.#controller = controller;
  }

  userCpuMicroseconds(): number {
    return process.cpuUsage().user;
  }

  effect(action: () => void): void {
    this.#reactor.effect(action);
  }

  /** Runs an asynchronous effect; what it calls back is an event with this one's cause. */
  #run(start: () => Promise<void>): void {
    this.#reactor.effect(() => {
      start().catch((error: unknown) => {
        this.#log.fatal({ err: error }, 'an effect failed in a way that nobody foresaw');
        process.exit(1);
      });
    });
  }

  connectCib(done: (problem: string | undefined) => void): void {
    this.#run(async () => {
      let problem: string | undefined;
      try {
        const client = await connectCib({
          clientName: 'crmd',
          writable: true,
          onClose: (reason) => {
            this.#cib = undefined;
            this.#event(() => this.#controller.handleCibGone(reason));
          },
        });
        client.onDiff((notify) => this.#event(() => this.#controller.handleDiff(notify)));
        this.#cib = client;
      } catch (error) {
        problem = ipcProblem(error);
      }
      this.#event(() => done(problem));
    });
  }

  closeCib(): void {
    this.effect(() => {
      this.#cib?.close();
      this.#cib = undefined;
    });
  }

  cib(...[request, done]: Parameters<ControllerHost['cib']>): void {
    const { cause } = this.#reactor;
    this.#run(async () => {
      let reply: Awaited<ReturnType<CibClient['call']>> = { rc: ENOTCONN, data: undefined };
      try {
        if (this.#cib !== undefined) reply = await this.#cib.call(request);
      } catch (error) {
        ipcProblem(error);
      }
      this.#event(() => done(reply), cause);
    });
  }

  connectCluster(...[done]: Parameters<ControllerHost['connectCluster']>): void {
    this.#run(async () => {
      try {
        this.#cluster = await connectCluster(
          { log: this.#log, reactor: this.#reactor },
          { group: 'crmd', trackQuorum: true, autoReap: false },
          {
            message: ({ element: message }) => {
              this.#received += 1;
              this.#controller.handleMessage(message);
            },
            peerChanged: (peer, change, before) => this.#controller.handlePeer(peer, change, before),
            quorumChanged: (quorate, ring) => this.#controller.handleQuorum(quorate, ring),
            disconnected: (reason) => this.#end(EXIT_DISCONNECTED, reason),
          },
        );
        this.#event(() => done(this.#cluster, undefined));
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        this.#end(EXIT_DISCONNECTED, `the cluster can't be joined: ${error.message}`);
      }
    });
  }

  leaveCluster(done: () => void): void {
    this.#run(async () => {
      await this.#cluster?.leave();
      this.#event(done);
    });
  }

  send(to: string | undefined, message: Element): void {
    const { cause } = this.#reactor;
    this.effect(() => this.#cluster?.send(to, message, cause));
  }

  clusterName(done: (name: string | undefined) => void): void {
    this.#run(async () => {
      const cmap = await connectCmap();
      const value = await cmap.get('totem.cluster_name');
      cmap.close();
      this.#event(() => done(value?.type === 'str' ? value.value : undefined));
    });
  }

  connectExecutor(done: (problem: string | undefined) => void): void {
    this.#run(async () => {
      let problem: string | undefined;
      try {
        this.#executor = await connectExecutor({
          clientName: 'crmd',
          onNotify: (notify) => this.#event(() => this.#controller.handleExecutor(notify)),
          onClose: (reason) => {
            this.#executor = undefined;
            this.#event(() => this.#controller.handleExecutorGone(reason));
          },
        });
      } catch (error) {
        problem = ipcProblem(error);
      }
      this.#event(() => done(problem));
    });
  }

  closeExecutor(): void {
    this.effect(() => {
      this.#executor?.close();
      this.#executor = undefined;
    });
  }

  executor(command: Element, done: (reply: Element | undefined) => void): void {
    const { cause } = this.#reactor;
    this.#run(async () => {
      let reply: Element | undefined;
      try {
        reply = await this.#executor?.request(command);
      } catch (error) {
        ipcProblem(error);
      }
      this.#event(() => done(reply), cause);
    });
  }

  metadata(...[standard, provider, type, done]: Parameters<ControllerHost['metadata']>): void {
    const { cause } = this.#reactor;
    this.#run(async () => {
      let root: Element | undefined;
      try {
        root = (await agentMetadata(standard, provider ?? '', type)).root;
      } catch (error) {
        if (!(error instanceof MetadataError)) throw error;
        this.#log.warn({ agent: `${standard}:${provider ?? ''}:${type}` }, `no meta-data: ${error.message}`);
      }
      this.#event(() => done(root), cause);
    });
  }

  updateAttributes(...[node, changes]: Parameters<ControllerHost['updateAttributes']>): void {
    const nodeId = this.#cluster?.peerByName(node)?.uuid;
    const updates = changes.map((change): AttributeUpdate => {
      const base = { name: change.name, value: change.value, node };
      return nodeId === undefined ? base : { ...base, nodeId };
    });
    this.#attrdCall(`attributes of ${node}`, (client) =>
      updates.length === 1 ? client.update(updates[0] as AttributeUpdate) : client.updateAll(updates),
    );
  }

  clearFailures(...[node, resource, task, intervalMs]: Parameters<ControllerHost['clearFailures']>): void {
    const operation = task === undefined ? {} : { operation: { task, intervalMs: intervalMs ?? 0 } };
    this.#attrdCall(`failures of ${resource} on ${node}`, (client) =>
      client.clearFailure({ node, resource, ...operation }),
    );
  }

  /** Calls to attrd go one after the other; a lost connection is made again, as often as needed. */
  #attrdCall(what: string, call: (client: AttrdClient) => Promise<void>): void {
    this.effect(() => {
      this.#attrdQueue = this.#attrdQueue.then(async () => {
        let told = false;
        while (!this.#ending) {
          try {
            this.#attrd ??= connectAttrd({
              clientName: 'crmd',
              onClose: () => {
                this.#attrd = undefined;
              },
            });
            await call(await this.#attrd);
            return;
          } catch (error) {
            if (error instanceof AttrdError) {
              this.#log.error({}, `attrd refused to change ${what}: ${error.message}`);
              return;
            }
            this.#attrd = undefined;
            if (!told) this.#log.warn({}, `attrd can't be told ${what} yet: ${ipcProblem(error)}`);
            told = true;
            await new Promise((resolve) => setTimeout(resolve, ATTRD_RETRY_MS));
          }
        }
      });
    });
  }

  schedule(...[request, done]: Parameters<ControllerHost['schedule']>): void {
    const { cause } = this.#reactor;
    const message = withAttributes(request, { [CAUSE_ATTRIBUTE]: cause });
    this.#run(() => this.#scheduler.ask(message, (reply, problem) => this.#event(() => done(reply, problem), cause)));
  }

  fence(...[request, done]: Parameters<ControllerHost['fence']>): void {
    const reason = `no fencer (stonith-ng) runs on this node, so ${request.target} can't be fenced`;
    this.#run(async () => {
      this.#event(() => done({ succeeded: false, status: NO_FENCER_STATUS, reason }));
    });
  }

  openTools(): void {
    this.#run(async () => {
      const gid = usableGroupId(clusterGroup);
      this.#tools = await listenXmlIpc(
        { path: paths.socket('crmd'), mode: 0o660, ...(gid === undefined ? {} : { gid }) },
        {
          connect: (client) => {
            this.#clients.set(client.id, client);
            return undefined;
          },
          request: (client, message, respond) => {
            respond(element('ack', { status: ACK_STATUS }));
            this.#toolMessage(client, message);
          },
          message: (client, message) => this.#toolMessage(client, message),
          disconnect: (client) => this.#clients.delete(client.id),
        },
      );
      notifyReady();
    });
  }

  #toolMessage(client: IpcServerClient, message: Element): void {
    this.#event(() => {
      const user = accountName(client.credentials.uid);
      if (!this.#controller.handleTool({ id: client.id, user }, message)) this.effect(() => client.close());
    });
  }

  closeTools(): void {
    this.#run(async () => {
      await this.#tools?.close();
      this.#tools = undefined;
    });
  }

  sendToClient(clientId: string, message: Element): boolean {
    const client = this.#clients.get(clientId);
    if (client === undefined) return false;
    this.effect(() => sendXmlEvent(client, message));
    return true;
  }

  watchdogRuns(): boolean {
    return sbdRuns();
  }

  load(): ReturnType<ControllerHost['load']> {
    return systemLoad();
  }

  exit(code: number, why: string): void {
    this.effect(() => this.#end(code, why));
  }

  #end(code: number, why: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#scheduler.close();
    if (code === 0) this.#log.info({ code, ms: this.monotonicMs() }, `crmd ends: ${why}`);
    else this.#log.error({ code, ms: this.monotonicMs() }, `crmd ends with code ${code}: ${why}`);
    process.exit(code);
  }

  #event(handler: () => void, cause?: string): void {
    if (!this.#ending) this.#reactor.enter(handler, cause);
  }
}

/** The sentence of an error of a local connection. @throws whatever else it is */
function ipcProblem(error: unknown): string {
  if (error instanceof IpcError) return error.message;
  if (error instanceof Error && /refused the registration/.test(error.message)) return error.message;
  throw error;
}
