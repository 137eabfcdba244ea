import { type AttrdClient, connectAttrd } from '@sanode/attributes';
import { IpcError } from '@sanode/ipc';
import { intervalOrZero } from '@sanode/rules';
import { announcedRelease } from '@sanode/runtime';
import { type ClusterNode, definitionId, primitivesOf, type Resource, topOf, topWithBundle } from '@sanode/scheduler';
import { attr, type Element, element } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import { ControllerClient } from '../../common/controller-client.ts';
import { lastValue } from '../../common/options.ts';
import { ToolRefusal } from '../../common/tool-frame.ts';
import type { Cluster } from './cluster.ts';
import { inform, type Request, refuse } from './request.ts';
import { checkResource } from './why.ts';

const answerTimeoutMs = 60_000;

/** Which failures `--cleanup` is about; all where nothing is said. */
interface Filter {
  readonly operation: string | undefined;
  readonly intervalMs: number;
}

/** `-C` and `-R`: forgets history and failures, so that the state is probed anew (cli-crm.md 5.7). */
export async function forget(cluster: Cluster, command: 'cleanup' | 'refresh', request: Request): Promise<number> {
  const filter = filterOf(request);
  const node = request.node === undefined ? undefined : cluster.node(request.node);
  if (node?.variant === 'remote') {
    throw refuse(`${node.name} is a remote node: its history can't be forgotten yet`, exitCode.unimplemented);
  }
  if (cluster.isFile) return dryRun(cluster, command, node, request);
  const daemons = await Daemons.connect(request);
  try {
    const work = { cluster, daemons, filter, request };
    if (request.resource === undefined) await forgetAll(work, command, node);
    else await forgetOne(work, command, cluster.resource(request.resource), node);
    await daemons.awaitAnswers();
  } finally {
    daemons.close();
  }
  return exitCode.ok;
}

/** `-F`: tells the cluster that a resource failed on a node. */
export async function fail(cluster: Cluster, id: string, request: Request): Promise<number> {
  const resource = cluster.resource(id);
  const node = cluster.node(request.node ?? '');
  if (resource.variant !== 'primitive') {
    throw new ToolRefusal(`crm_resource: We can only process primitive resources, not ${id}`, exitCode.usage);
  }
  const daemons = await Daemons.connect(request);
  try {
    await daemons.controller.order('lrm_fail', node.name, resourceData(resource, node));
    await daemons.awaitAnswers();
  } finally {
    daemons.close();
  }
  return exitCode.ok;
}

function filterOf(request: Request): Filter {
  const operation = lastValue(request.given, 'operation');
  const interval = lastValue(request.given, 'interval');
  if (interval !== undefined && operation === undefined) {
    throw new ToolRefusal('crm_resource: --interval requires --operation', exitCode.usage);
  }
  return { operation, intervalMs: interval === undefined ? 0 : intervalOrZero(interval) };
}

interface Work {
  readonly cluster: Cluster;
  readonly daemons: Daemons;
  readonly filter: Filter;
  readonly request: Request;
}

async function forgetAll(work: Work, command: 'cleanup' | 'refresh', node: ClusterNode | undefined): Promise<void> {
  const { daemons, filter, request } = work;
  if (command === 'refresh') {
    await daemons.clearFailures(node?.name, undefined, { operation: undefined, intervalMs: 0 });
    await daemons.controller.order('probe_again', node?.name, element('data_for_probe_again', { on_node: node?.name }));
    return;
  }
  await daemons.clearFailures(node?.name, undefined, filter);
  await deleteFailed(work, undefined, node);
  inform(request, `Cleaned up all resources on ${node?.name ?? 'all nodes'}`);
}

async function forgetOne(
  work: Work,
  command: 'cleanup' | 'refresh',
  resource: Resource,
  node: ClusterNode | undefined,
): Promise<void> {
  const { daemons, filter, request } = work;
  for (const { primitive, on } of targets(resource, node, request.force)) {
    const name = historyName(primitive);
    if (command === 'cleanup') {
      await daemons.clearFailures(on.name, name, filter);
      await deleteFailed(work, primitive, on);
    } else {
      await daemons.clearFailures(on.name, name, { operation: undefined, intervalMs: 0 });
      await deleteHistory(work, primitive, on);
    }
    inform(request, `Cleaned up ${primitive.id} on ${on.name}`);
  }
  const check = checkResource(resource);
  if (request.result.isXml) request.result.add('', check.xml);
  else for (const line of check.lines) inform(request, line);
}

/** Deletes the history of what failed, once for each resource and node. */
async function deleteFailed(work: Work, only: Resource | undefined, node: ClusterNode | undefined): Promise<void> {
  const { cluster, filter } = work;
  const done = new Set<string>();
  for (const operation of cluster.set.failedOperations) {
    const on = cluster.set.nodesByName.get((attr(operation, 'uname') ?? '').toLowerCase());
    const failed = failedResource(cluster, operation, on);
    if (on === undefined || failed === undefined || (node !== undefined && on !== node)) continue;
    if (only !== undefined && failed !== only) continue;
    if (filter.operation !== undefined) {
      if (attr(operation, 'operation') !== filter.operation) continue;
      if (Number(attr(operation, 'interval') ?? '0') !== filter.intervalMs) continue;
    }
    const key = `${failed.id} ${on.id}`;
    if (done.has(key)) continue;
    done.add(key);
    await deleteHistory(work, failed, on);
  }
}

function failedResource(cluster: Cluster, operation: Element, node: ClusterNode | undefined): Resource | undefined {
  const name = attr(operation, 'rsc-id') ?? '';
  const exact = cluster.set.resourcesById.get(name);
  if (exact !== undefined) return exact;
  const instances = cluster.set.resources
    .flatMap((top) => [...primitivesOf(top)])
    .filter((each) => each.historyId === name || definitionId(each) === name);
  return instances.find((each) => node !== undefined && each.activeNodes.includes(node)) ?? instances[0];
}

async function deleteHistory({ daemons }: Work, resource: Resource, node: ClusterNode): Promise<void> {
  const data = resourceData(resource, node);
  if (node.online) await daemons.controller.order('lrm_delete', node.name, data);
  else await daemons.controller.deleteHistoryInCib(data);
}

/** Primitives below what is to be forgotten, each with the nodes that know it. */
function targets(
  resource: Resource,
  node: ClusterNode | undefined,
  force: boolean,
): { primitive: Resource; on: ClusterNode }[] {
  const whole = force ? resource : topWithBundle(topOf(resource));
  return [...primitivesOf(whole)].flatMap((primitive) => {
    const known = [...primitive.probed.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const allowed = [...primitive.allowed.values()].map((entry) => entry.node);
    const nodes = node === undefined ? (known.length === 0 && force ? allowed : known) : [node];
    return nodes.map((on) => ({ primitive, on }));
  });
}

/** Name in histories: without the number for instances of anonymous clones. */
function historyName(resource: Resource): string {
  return resource.historyId ?? (resource.unique ? resource.id : definitionId(resource));
}

function resourceData(resource: Resource, node: ClusterNode): Element {
  const name = historyName(resource);
  const agent = {
    class: attr(resource.xml, 'class'),
    provider: attr(resource.xml, 'provider'),
    type: attr(resource.xml, 'type'),
  };
  return element(
    'rsc_op',
    { 'transition-key': `${process.pid}:0:0:xxxxxxxx-xrsc-opxx-xcrm-resourcexxxx`, on_node: node.name },
    [
      element('primitive', { id: name, 'long-id': name === resource.id ? undefined : resource.id, ...agent }),
      element('attributes', { crm_feature_set: announcedRelease().featureSet, CRM_meta_timeout: '60000' }),
    ],
  );
}

/** With a file there is no cluster to ask: it is said what would be done. */
function dryRun(
  cluster: Cluster,
  command: 'cleanup' | 'refresh',
  node: ClusterNode | undefined,
  request: Request,
): number {
  if (request.resource === undefined) {
    if (command === 'refresh')
      dry(request, `Dry run: skipping clean-up of ${node?.name ?? 'all nodes'} due to CIB_file`);
    return exitCode.ok;
  }
  const resource = cluster.resource(request.resource);
  for (const { primitive, on } of targets(resource, node, request.force)) {
    dry(request, `Dry run: skipping clean-up of ${primitive.id} on ${on.name} due to CIB_file`);
  }
  return exitCode.ok;
}

function dry(request: Request, line: string): void {
  if (!request.quiet && !request.result.isXml) request.result.error(line);
}

/** The controller and attrd of this node. */
class Daemons {
  readonly controller: ControllerClient;
  readonly #attrd: AttrdClient;
  readonly #request: Request;
  #isWaiting = false;

  private constructor(controller: ControllerClient, attrd: AttrdClient, request: Request) {
    this.controller = controller;
    this.#attrd = attrd;
    this.#request = request;
    controller.onExecutorAnswer(() => {
      const isLast = this.#isWaiting && controller.openOrders === 0;
      inform(request, `... got reply${isLast ? ' (done)' : ''}`);
    });
  }

  /** @throws {ToolRefusal} when one of them does not run */
  static async connect(request: Request): Promise<Daemons> {
    const controller = await connected('the controller', () => ControllerClient.connect('crm_resource'));
    try {
      const attrd = await connected('the attribute manager', () => connectAttrd({ clientName: 'crm_resource' }));
      return new Daemons(controller, attrd, request);
    } catch (error) {
      controller.close();
      throw error;
    }
  }

  async clearFailures(node: string | undefined, resource: string | undefined, filter: Filter): Promise<void> {
    const { operation: task, intervalMs } = filter;
    await this.#attrd.clearFailure({
      ...(node === undefined ? {} : { node }),
      ...(resource === undefined ? {} : { resource }),
      ...(task === undefined || resource === undefined ? {} : { operation: { task, intervalMs } }),
    });
  }

  /** @throws {ToolRefusal} when the answers take too long */
  async awaitAnswers(): Promise<void> {
    const open = this.controller.openOrders;
    if (open === 0) return;
    inform(this.#request, `Waiting for ${open} ${open === 1 ? 'reply' : 'replies'} from the controller`);
    this.#isWaiting = true;
    try {
      await this.controller.awaitExecutorAnswers(answerTimeoutMs);
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
      if (error.code === 'IPC_TIMEOUT') {
        const seconds = answerTimeoutMs / 1000;
        throw refuse(`Aborting because no messages received in ${seconds} seconds`, exitCode.timeout);
      }
      throw refuse('Connection to the controller lost', exitCode.disconnect);
    }
  }

  close(): void {
    this.controller.close();
    this.#attrd.close();
  }
}

async function connected<T>(daemon: string, connect: () => Promise<T>): Promise<T> {
  try {
    return await connect();
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    const denied = error.errno === 'EACCES';
    const exit = denied ? exitCode.insufficientPrivileges : exitCode.disconnect;
    throw refuse(`Error connecting to ${daemon}: ${denied ? 'Permission denied' : 'Connection refused'}`, exit);
  }
}
