import { type ListText, type Resource, type WorkingSet, withDescendants } from '@sanode/scheduler';
import { attr, childElements, descend, type Element, element, withAttributes, withChildren } from '@sanode/xml';
import type { NodeState, SimulatedCib } from './status.ts';

/** An operation's result that is injected, or that happens in the simulation. */
export interface Failure {
  readonly spec: string;
  readonly resource: string;
  readonly task: string;
  readonly intervalMs: number;
  readonly node: string;
  readonly code: number;
}

/** Reads `RSC_TASK_INTERVALMS@NODE=RC`; `undefined` for what is none. */
export function parseOperationSpec(spec: string): Failure | undefined {
  const match = /^(.+)_((?:migrate_to|migrate_from)|[^_]+)_([0-9]+)@([^=]+)=([0-9]+)$/.exec(spec);
  if (match === null) return undefined;
  const [, resource, task, interval, node, code] = match;
  if (resource === undefined || task === undefined || node === undefined) return undefined;
  return { spec, resource, task, intervalMs: Number(interval), node, code: Number(code) };
}

/** What was asked for on the command line, before the transition. */
export interface Injections {
  readonly quorum: string | undefined;
  readonly watchdog: string | undefined;
  readonly up: readonly string[];
  readonly down: readonly string[];
  readonly fail: readonly string[];
  readonly grant: readonly string[];
  readonly revoke: readonly string[];
  readonly standby: readonly string[];
  readonly activate: readonly string[];
  readonly operations: readonly Failure[];
}

export function hasInjections(injections: Injections): boolean {
  return Object.values(injections).some((each) => (Array.isArray(each) ? each.length > 0 : each !== undefined));
}

/** Changes the CIB as asked for and says so (scheduler-3 20.9). */
export function inject(set: WorkingSet, cib: SimulatedCib, injections: Injections, text: ListText): SimulatedCib {
  let changed = cib;
  const { quorum, watchdog } = injections;
  if (quorum !== undefined) {
    text.item(`Setting quorum: ${quorum}`);
    changed = changed.rebase((document) => withAttributes(document, { 'have-quorum': quorum }));
  }
  if (watchdog !== undefined) {
    text.item(`Setting watchdog: ${watchdog}`);
    changed = changed.rebase((document) => withOption(document, 'have-watchdog', watchdog));
  }
  const stateOf = (name: string) => changed.nodeState(name, nodeId(set, name));
  for (const name of injections.up) {
    text.item(`Bringing node ${name} online`);
    stateOf(name).set({ in_ccm: 'true', crmd: 'online', join: 'member', expected: 'member' });
  }
  for (const name of injections.down) {
    text.item(`Taking node ${name} offline`);
    const state = stateOf(name);
    state.set({ in_ccm: 'false', crmd: 'offline', join: 'down', expected: 'down' });
    state.forget();
  }
  for (const name of injections.fail) {
    text.item(`Failing node ${name}`);
    stateOf(name).set({ in_ccm: 'false', crmd: 'online', join: 'member', expected: 'member' });
  }
  injectTickets(changed, injections, text);
  for (const failure of injections.operations) injectOperation(set, changed, failure, text);
  return changed;
}

function injectTickets(cib: SimulatedCib, injections: Injections, text: ListText): void {
  const steps = [
    ['Granting ticket', injections.grant, { granted: 'true' }],
    ['Revoking ticket', injections.revoke, { granted: 'false' }],
    ['Making ticket', injections.standby, { standby: 'true' }],
    ['Activating ticket', injections.activate, { standby: 'false' }],
  ] as const;
  for (const [title, tickets, values] of steps) {
    for (const ticket of tickets) {
      text.item(`${title} ${ticket}${title === 'Making ticket' ? ' standby' : ''}`);
      cib.setTicket(ticket, values);
    }
  }
}

function nodeId(set: WorkingSet, name: string): string {
  return set.nodesByName.get(name.toLowerCase())?.id ?? name;
}

function findResource(set: WorkingSet, name: string): Resource | undefined {
  for (const top of set.resources) {
    for (const each of withDescendants(top)) if (each.id === name || each.historyId === name) return each;
  }
  return undefined;
}

function injectOperation(set: WorkingSet, cib: SimulatedCib, failure: Failure, text: ListText): void {
  const resource = findResource(set, failure.resource);
  if (resource === undefined || !set.nodesByName.has(failure.node.toLowerCase())) {
    text.item(`Ignoring ${failure.spec}: there is no such resource or node`);
    return;
  }
  text.item(`Injecting ${failure.spec} into the configuration`);
  const state = cib.nodeState(failure.node, nodeId(set, failure.node));
  recordFailure(set, state, failure, Math.floor(set.nowMs / 1000), text);
  const { meta } = resource;
  const agent = {
    id: failure.resource,
    class: meta.get('class'),
    provider: meta.get('provider'),
    type: meta.get('type'),
  };
  const history = state.history([failure.resource], agent);
  const callId = history.highestCallId + 1;
  const key = `${callId}:-1:0:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`;
  const isRecurring = failure.intervalMs > 0;
  history.record(`${failure.resource}_${isRecurring ? `${failure.task}_${failure.intervalMs}` : 'last_0'}`, {
    operation_key: `${failure.resource}_${failure.task}_${failure.intervalMs}`,
    operation: failure.task,
    'transition-key': key,
    'transition-magic': `0:${failure.code};${key}`,
    on_node: failure.node,
    'call-id': String(callId),
    'rc-code': String(failure.code),
    'op-status': '0',
    interval: String(failure.intervalMs),
    'last-rc-change': String(Math.floor(set.nowMs / 1000)),
  });
}

const rcNotRunning = 7;

/** Raises a fail count, as the controller would. */
export function recordFailure(
  set: WorkingSet,
  state: NodeState,
  failure: Failure,
  nowSeconds: number,
  text?: ListText,
): void {
  if (failure.code === 0 || (failure.code === rcNotRunning && failure.intervalMs === 0)) return;
  const suffix = `${failure.resource}#${failure.task}_${failure.intervalMs}`;
  const fatal = failure.task === 'stop' || (failure.task === 'start' && set.options.startFailureFatal);
  const before = set.nodesByName.get(failure.node.toLowerCase())?.attributes.get(`fail-count-${suffix}`);
  const count = fatal ? 'INFINITY' : String((Number.parseInt(before ?? '0', 10) || 0) + 1);
  for (const [name, value] of [
    [`fail-count-${suffix}`, count],
    [`last-failure-${suffix}`, String(nowSeconds)],
  ] as const) {
    text?.item(`Injecting attribute ${name}=${value} into /node_state '${nodeId(set, failure.node)}'`);
    state.setAttribute(name, value);
  }
}

/** A document with a cluster option set. */
function withOption(document: Element, name: string, value: string): Element {
  const configuration = descend(document, 'configuration');
  const section = configuration === undefined ? undefined : descend(configuration, 'crm_config');
  if (configuration === undefined || section === undefined) return document;
  const pair = element('nvpair', { id: `cib-bootstrap-options-${name}`, name, value });
  const sets = childElements(section, 'cluster_property_set');
  const first = sets.find((set) => attr(set, 'id') === 'cib-bootstrap-options');
  const changedSet =
    first === undefined
      ? element('cluster_property_set', { id: 'cib-bootstrap-options' }, [pair])
      : withChildren(first, [...childElements(first).filter((each) => attr(each, 'name') !== name), pair]);
  const changedSection = withChildren(section, [...sets.filter((set) => set !== first), changedSet]);
  const changedConfiguration = withChildren(
    configuration,
    configuration.children.map((each) => (each === section ? changedSection : each)),
  );
  return withChildren(
    document,
    document.children.map((each) => (each === configuration ? changedConfiguration : each)),
  );
}
