import { createHash } from 'node:crypto';
import { type Element, element } from '@sanode/xml';
import { executionDate, type Leaf, type Model, type Operation, on } from './model.ts';
import { randomSteps, type Step } from './steps.ts';

const uuid = 'a5e85e43-f35a-4f75-8e15-f0ddc8d81812';

/** Histories of a primitive on a node, and what failures leave in the node's attributes. */
export function randomHistories(model: Model, leaf: Leaf, node: string, attributes: Map<string, string>): Element[] {
  const { dice } = model;
  const { home } = leaf;
  const histories: Element[] = [];
  const numbered = home.unique && home.inClone;
  const names = numbered ? Array.from({ length: home.cloneMax }, (_, at) => `${leaf.id}:${at}`) : [leaf.id];
  if (home.inClone && !home.unique && on(model, 'oddities', 0.1)) names.push(`${leaf.id}:1`);
  for (const name of names) {
    if (dice.hits(0.2)) continue;
    const active = home.inClone ? 0.55 : 0.35;
    histories.push(historyOf(model, { name, leaf, node, steps: randomSteps(model, leaf, node, active) }));
    addFailCounts(model, leaf, attributes);
    if (home.promotable && dice.hits(0.6)) {
      attributes.set(`master-${name}`, dice.pick(['5', '10', '10', '-1', '0', 'INFINITY', '-INFINITY']));
    }
  }
  return histories;
}

function addFailCounts(model: Model, leaf: Leaf, attributes: Map<string, string>): void {
  const { dice } = model;
  if (!dice.hits(model.topics.has('failures') ? 0.3 : 0.06)) return;
  const operation = dice.pick(['monitor_10000', 'start_0', 'stop_0', 'promote_0', 'monitor_11000', 'monitor_0']);
  attributes.set(`fail-count-${leaf.id}#${operation}`, dice.pick(['1', '2', 'INFINITY', '0', '3']));
  if (!dice.hits(0.85)) return;
  const ago = dice.pick([5, 29, 30, 31, 100, 5000]);
  attributes.set(`last-failure-${leaf.id}#${operation}`, String(executionDate - ago));
}

/** Histories of what is not configured any more. */
export function orphanHistories(model: Model, node: string, attributes: Map<string, string>): Element[] {
  const { dice } = model;
  if (!on(model, 'orphans', 0.5)) return [];
  const kind = dice.pick(['Dummy', 'Dummy', 'remote', 'stonith']);
  const agent =
    kind === 'stonith' ? { class: 'stonith', type: 'fence_gone' } : { class: 'ocf', provider: 'pacemaker', type: kind };
  const id = `gone-${kind}`;
  const operations = [{ name: 'monitor', intervalMs: 10_000, role: undefined, timeoutMs: 20_000 }];
  const home = { inClone: false, inGroup: false, promotable: false, cloneMax: 0, unique: true };
  const leaf: Leaf = { id, agent, operations, parameters: {}, migratable: false, home };
  addFailCounts(model, leaf, attributes);
  const container = model.leaves.length > 0 ? dice.maybe(0.2, ...model.leaves.map((each) => each.id)) : undefined;
  const steps = randomSteps(model, leaf, node, 0.7);
  return [historyOf(model, { name: id, leaf, node, steps, container })];
}

interface History {
  readonly name: string;
  readonly leaf: Leaf;
  readonly node: string;
  readonly steps: readonly Step[];
  readonly container?: string | undefined;
}

function historyOf(model: Model, { name, leaf, node, steps, container }: History): Element {
  const { dice } = model;
  const firstCallId = 1 + dice.below(60);
  const changedAgent = on(model, 'oddities', 0.04);
  const locked = on(model, 'locks') ? dice.maybe(0.25, String(executionDate - dice.pick([10, 400]))) : undefined;
  const attributes = { id: name, ...leaf.agent, container, 'shutdown-lock': locked };
  if (changedAgent) attributes.type = 'Other';
  const used = new Set<string>();
  const entries = steps.map((step, at) => entry(model, { name, leaf, node, step, callId: firstCallId + at, used }));
  return element('lrm_resource', attributes, dice.hits(0.15) ? dice.shuffled(entries) : entries);
}

interface Entry {
  readonly name: string;
  readonly leaf: Leaf;
  readonly node: string;
  readonly step: Step;
  readonly callId: number;
  /** Ids of the history's other entries. */
  readonly used: Set<string>;
}

function entry(model: Model, { name, leaf, node, step, callId, used }: Entry): Element {
  const { dice } = model;
  const recurring = step.intervalMs > 0;
  const key = `${callId}:${dice.pick([1, 1, 2])}:${step.expected}:${uuid}`;
  const status = step.status ?? (step.code === step.expected ? 0 : 4);
  const failed = status !== 0 && status !== -1;
  const migrates = step.task === 'migrate_to' || step.task === 'migrate_from';
  let id = recurring || migrates ? `${name}_${step.task}_${step.intervalMs}` : `${name}_last_${callId}`;
  if (failed && dice.hits(0.7)) id = `${name}_last_failure_0`;
  if (used.has(id)) id = `${name}_last_${callId}`;
  used.add(id);
  const featureSet = dice.pick(['3.19.7', '3.19.7', '3.16.1', '3.0.9', '3.20.5']);
  const changed = dice.hits(0.04);
  return element('lrm_rsc_op', {
    id,
    operation_key: `${name}_${step.task}_${step.intervalMs}`,
    operation: step.task,
    'crm-debug-origin': 'test',
    crm_feature_set: featureSet,
    'transition-key': key,
    'transition-magic': `${status}:${step.code};${key}`,
    'exit-reason': failed ? dice.maybe(0.3, 'it broke') : undefined,
    on_node: node,
    'call-id': step.status === -1 ? -1 : callId,
    'rc-code': step.code,
    'op-status': status,
    interval: step.intervalMs,
    'last-rc-change': dice.hits(0.97) ? executionDate - step.secondsAgo : undefined,
    'op-digest': dice.hits(0.98) ? digestOf(leaf, step, changed) : undefined,
    'op-force-restart': leaf.parameters['fake'] === undefined ? undefined : dice.maybe(0.3, ' fake '),
    'op-restart-digest': step.task === 'start' ? dice.maybe(0.2, digestOf(leaf, step, dice.hits(0.3))) : undefined,
    'op-secure-params': leaf.parameters['passwd'] === undefined ? undefined : ' passwd ',
    'op-secure-digest': leaf.parameters['passwd'] === undefined ? undefined : secureDigestOf(leaf),
    migrate_source: step.source,
    migrate_target: step.target,
  });
}

function digestOf(leaf: Leaf, step: Step, changed: boolean): string {
  const values: Record<string, string> = { ...leaf.parameters };
  if (changed) values['changed'] = 'yes';
  const configured = leaf.operations.find((op) => op.name === step.task && op.intervalMs === step.intervalMs);
  if (step.intervalMs > 0) values['CRM_meta_timeout'] = String((configured ?? defaultOperation).timeoutMs);
  return digestOfValues(values);
}

const defaultOperation: Pick<Operation, 'timeoutMs'> = { timeoutMs: 20_000 };

function secureDigestOf(leaf: Leaf): string {
  const { passwd: _, ...values } = leaf.parameters;
  return digestOfValues(values);
}

/** The digest that the executor would have sent (scheduler-1 10.1). */
function digestOfValues(values: Readonly<Record<string, string>>): string {
  const escaped = (value: string) =>
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
  const names = Object.keys(values).sort();
  const text = names.map((name) => ` ${name}="${escaped(values[name] as string)}"`).join('');
  return createHash('md5').update(` <parameters${text}/>\n`).digest('hex');
}
