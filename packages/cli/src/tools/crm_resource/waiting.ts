import { cibOption } from '@sanode/cib';
import { parseInterval } from '@sanode/rules';
import { definitionId, primitivesOf, type Resource, schedule, topOf } from '@sanode/scheduler';
import { attr, childElements, type Element, element, walk } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import { lastValue } from '../../common/options.ts';
import { parseTimespecMs } from '../../common/timespec.ts';
import { ToolRefusal } from '../../common/tool-frame.ts';
import type { Cluster } from './cluster.ts';
import { fails, inform, type Request } from './request.ts';

const pollMs = 300;
const longestWaitMs = 3_600_000;
/** Time of an operation that names none, ms. */
const defaultOperationMs = 20_000;

/** `--wait`: until the scheduler has nothing left to do (cli-crm.md 5). */
export async function wait(cluster: Cluster, request: Request): Promise<number> {
  const deadlineMs = performance.now() + timeoutMs(request, longestWaitMs);
  for (;;) {
    const pending = pendingActions(cluster);
    if (pending.length === 0) return exitCode.ok;
    if (performance.now() >= deadlineMs) {
      inform(request, ['Pending actions:', ...pending].join('\n'));
      throw fails(exitCode.timeout);
    }
    await pause();
    await cluster.reload();
  }
}

function pendingActions(cluster: Cluster): string[] {
  const { graph } = schedule(cluster.cib, { nowMs: Date.now() });
  return [...walk(graph)]
    .filter((part) => part.name === 'rsc_op' || part.name === 'crm_event')
    .map((action) => {
      const key = attr(action, 'operation_key') ?? attr(action, 'operation') ?? '';
      return `\tAction ${attr(action, 'id') ?? ''}: ${key}\ton ${attr(action, 'on_node') ?? ''}`;
    });
}

/** `--restart`: stops a resource and what depends on it, then lets all start again (cli-crm.md 5.9). */
export async function restart(cluster: Cluster, id: string, request: Request): Promise<number> {
  const found = cluster.resource(id);
  const resource = topOf(found).variant === 'clone' ? topOf(found) : found;
  if (request.node !== undefined) {
    throw new ToolRefusal('crm_resource: --restart with --node is not supported yet', exitCode.unimplemented);
  }
  if (cluster.isFile) {
    throw new ToolRefusal('crm_resource: --restart needs a running cluster, not a file', exitCode.usage);
  }
  if (![...primitivesOf(resource)].some(isActive)) {
    throw new ToolRefusal(
      `${id} is not running anywhere and so cannot be restarted\n${fails(exitCode.noSuchObject).message}`,
      exitCode.noSuchObject,
    );
  }
  const before = activeIds(cluster);
  const held = await holdDown(cluster, resource, request);
  await cluster.reload();
  const stopping = before.filter((each) => !willRun(cluster, each));
  const limitMs = timeoutMs(request, operationsMs(cluster, stopping));
  try {
    announce(request, stopping, 'to stop');
    const left = await until(cluster, limitMs, () => stopping.filter((each) => activeIds(cluster).includes(each)));
    if (left.length > 0) throw incomplete('shutdown', id, left.length);
  } finally {
    await release(cluster, resource, held, request);
  }
  announce(request, stopping, 'to start again');
  const missing = await until(cluster, limitMs, () => stopping.filter((each) => !activeIds(cluster).includes(each)));
  if (missing.length > 0) throw incomplete('restart', id, missing.length);
  return exitCode.ok;
}

function incomplete(what: string, id: string, count: number): ToolRefusal {
  const line = `Could not complete ${what} of ${id}, ${count} resources remaining`;
  return new ToolRefusal(`${line}\n${fails(exitCode.timeout).message}`, exitCode.timeout);
}

function announce(request: Request, ids: readonly string[], what: string): void {
  const title = `Waiting for ${ids.length} resource${ids.length === 1 ? '' : 's'} ${what}:`;
  inform(request, [title, ...ids.map((id) => ` * ${id}`)].join('\n'));
}

interface Held {
  readonly setId: string;
  readonly pairId: string;
  /** Value before; undefined: there was none. */
  readonly value: string | undefined;
}

async function holdDown(cluster: Cluster, resource: Resource, request: Request): Promise<Held> {
  const id = definitionId(resource);
  const sets = childElements(resource.xml, 'meta_attributes');
  const set = sets.find((each) => pairIn(each) !== undefined) ?? sets[0];
  const pair = set === undefined ? undefined : pairIn(set);
  const setId = (set && attr(set, 'id')) ?? `${id}-meta_attributes`;
  const held: Held = {
    setId,
    pairId: (pair && attr(pair, 'id')) ?? `${setId}-target-role`,
    value: pair && attr(pair, 'value'),
  };
  await setRole(cluster, resource, held, 'stopped', request);
  const where = pair === undefined ? ` set=${setId}` : '';
  inform(request, `Set '${id}' option: id=${held.pairId}${where} name=target-role value=stopped`);
  return held;
}

function pairIn(set: Element): Element | undefined {
  return childElements(set, 'nvpair').find((each) => attr(each, 'name') === 'target-role');
}

async function release(cluster: Cluster, resource: Resource, held: Held, request: Request): Promise<void> {
  const id = definitionId(resource);
  if (held.value !== undefined) {
    await setRole(cluster, resource, held, held.value, request);
    inform(request, `Set '${id}' option: id=${held.pairId} name=target-role value=${held.value}`);
    return;
  }
  const data = element('nvpair', { id: held.pairId, name: 'target-role' });
  await cluster.change({ operation: 'cib_delete', section: 'resources', data }, request.force);
  inform(request, `Deleted '${id}' option: id=${held.pairId} name=target-role`);
}

async function setRole(
  cluster: Cluster,
  resource: Resource,
  held: Held,
  value: string,
  request: Request,
): Promise<void> {
  const pair = element('nvpair', { id: held.pairId, name: 'target-role', value });
  const data = element(resource.xml.name, { id: definitionId(resource) }, [
    element('meta_attributes', { id: held.setId }, [pair]),
  ]);
  const options = cibOption.canCreate;
  await cluster.change({ operation: 'cib_modify', section: 'resources', data, options }, request.force);
}

function isActive(resource: Resource): boolean {
  return resource.activeNodes.length > 0;
}

function activeIds(cluster: Cluster): string[] {
  return cluster.set.resources.flatMap((top) => [...primitivesOf(top)].filter(isActive).map(({ id }) => id));
}

/** Whether a primitive has a node after the next transition. */
function willRun(cluster: Cluster, id: string): boolean {
  return schedule(cluster.cib, { nowMs: Date.now() }).placement.has(id);
}

/** Longest stop and start of some resources, ms, and as much again for the cluster to decide. */
function operationsMs(cluster: Cluster, ids: readonly string[]): number {
  let longestMs = defaultOperationMs;
  for (const id of ids) {
    const operations = cluster.set.resourcesById.get(id)?.operations;
    for (const operation of operations === undefined ? [] : childElements(operations, 'op')) {
      if (!['start', 'stop'].includes(attr(operation, 'name') ?? '')) continue;
      longestMs = Math.max(longestMs, parseInterval(attr(operation, 'timeout') ?? '') ?? 0);
    }
  }
  return 2 * longestMs * Math.max(1, ids.length);
}

/** Reads the CIB until nothing is left, or the time is over. @returns what is left */
async function until(cluster: Cluster, limitMs: number, left: () => string[]): Promise<string[]> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    await cluster.reload();
    const remaining = left();
    if (remaining.length === 0 || performance.now() >= deadlineMs) return remaining;
    await pause();
  }
}

function timeoutMs(request: Request, fallbackMs: number): number {
  const text = lastValue(request.given, 'timeout');
  if (text === undefined) return fallbackMs;
  const ms = parseTimespecMs(text);
  if (ms === undefined) {
    throw new ToolRefusal(`crm_resource: '${text}' is not a time to wait, such as 30 or 30s`, exitCode.usage);
  }
  return ms;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pollMs));
}
