import { type ListText, type Resource, type WorkingSet, withDescendants } from '@sanode/scheduler';
import { attr, childElements, descend, type Element, element, withAttributes, withChildren } from '@sanode/xml';
import { recordResult } from './results.ts';
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
  const match = /^(.+?)_(migrate_to|migrate_from|[^_]+)_([0-9]+)@([^=]+)=([0-9]+)$/.exec(spec);
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

/** Whether anything is to be changed; quorum alone is not enough for the reference. */
export function hasInjections({ quorum: _, ...injections }: Injections): boolean {
  return Object.values(injections).some((each) => (Array.isArray(each) ? each.length > 0 : each !== undefined));
}

/** A node that something is to happen to or on, and that does not exist; only `up` can make one. */
export function unknownNode(set: WorkingSet, { down, fail, operations }: Injections): string | undefined {
  const named = [...down, ...fail, ...operations.map(({ node }) => node)];
  return named.find((name) => !set.nodesByName.has(name.toLowerCase()));
}

const origin = { 'crm-debug-origin': 'crm_simulate' };

/** Changes the CIB as asked for and says so (scheduler-3 20.9). @param complain told of what can't be done */
export function inject(
  set: WorkingSet,
  cib: SimulatedCib,
  injections: Injections,
  text: ListText,
  complain: (text: string) => void,
): SimulatedCib {
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
    if (!set.nodesByName.has(name.toLowerCase())) changed = changed.rebase((document) => withNode(document, name));
    stateOf(name).set({ in_ccm: 'true', crmd: 'online', join: 'member', expected: 'member', ...origin });
  }
  for (const name of injections.down) {
    text.item(`Taking node ${name} offline`);
    const state = stateOf(name);
    state.set({ in_ccm: 'false', crmd: 'offline', join: 'down', expected: 'down', ...origin });
    state.forget();
  }
  for (const name of injections.fail) {
    text.item(`Failing node ${name}`);
    stateOf(name).set({ in_ccm: 'false', crmd: 'online', join: 'member', expected: 'member', ...origin });
  }
  injectTickets(changed, injections, text);
  for (const failure of injections.operations) {
    const complaint = injectOperation(set, changed, failure, text);
    if (complaint !== undefined) complain(complaint);
  }
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

/** @returns a complaint */
function injectOperation(set: WorkingSet, cib: SimulatedCib, failure: Failure, text: ListText): string | undefined {
  text.item(`Injecting ${failure.spec} into the configuration`);
  const resource = findResource(set, failure.resource);
  if (resource === undefined) return `Invalid resource name: ${failure.resource}`;
  const state = cib.nodeState(failure.node, nodeId(set, failure.node));
  const at = Math.floor(Date.now() / 1000);
  recordFailure(set, state, failure, at, text);
  const { meta } = resource;
  const agent = {
    id: failure.resource,
    class: meta.get('class'),
    provider: meta.get('provider'),
    type: meta.get('type'),
  };
  const { task, intervalMs, node, code } = failure;
  const result = { id: failure.resource, task, intervalMs, node, code, target: 0, featureSet: set.featureSet, at };
  recordResult(state.history([failure.resource], agent), result);
  return undefined;
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

/** A document with one more node. */
function withNode(document: Element, name: string): Element {
  const made = element('node', { id: name, uname: name });
  return changedBelow(document, ['configuration', 'nodes'], (nodes) => withChildren(nodes, [...nodes.children, made]));
}

function changedBelow(at: Element, path: readonly string[], change: (found: Element) => Element): Element {
  const [name, ...rest] = path;
  if (name === undefined) return change(at);
  const children = at.children.map((child) =>
    child.type === 'element' && child.name === name ? changedBelow(child, rest, change) : child,
  );
  return withChildren(at, children);
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
