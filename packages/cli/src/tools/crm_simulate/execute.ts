import { infinity } from '@sanode/rules';
import { type ListText, operationDigest, type WorkingSet, withDescendants } from '@sanode/scheduler';
import { attr, childElements, type Element, firstChild } from '@sanode/xml';
import { type Failure, recordFailure } from './inject.ts';
import { recordResult } from './results.ts';
import type { Agent, SimulatedCib } from './status.ts';

interface Synapse {
  readonly priority: number;
  readonly actions: readonly Element[];
  /** Ids of what is still to be confirmed first. */
  readonly inputs: Set<string>;
  failed: boolean;
  executed: boolean;
}

export interface Execution {
  readonly status: 'complete' | 'terminated' | 'stopped';
}

/** Carries out a transition on the simulated status, and prints each step (scheduler-3 20.4). */
export class Simulator {
  readonly #set: WorkingSet;
  readonly #cib: SimulatedCib;
  readonly #failures: readonly Failure[];
  readonly #text: ListText | undefined;
  readonly #names: Set<string>;
  readonly #nowSeconds: number;
  #aborted = false;

  constructor(
    deps: { set: WorkingSet; cib: SimulatedCib; text: ListText | undefined },
    options: { failures: readonly Failure[]; nowSeconds: number },
  ) {
    this.#set = deps.set;
    this.#cib = deps.cib;
    this.#text = deps.text;
    this.#failures = options.failures;
    this.#nowSeconds = options.nowSeconds;
    this.#names = new Set();
    for (const top of this.#set.resources) {
      for (const each of withDescendants(top)) {
        this.#names.add(each.id);
        if (each.historyId !== undefined) this.#names.add(each.historyId);
      }
    }
  }

  run(graph: Element): Execution {
    const synapses = childElements(graph, 'synapse').map(readSynapse);
    const waiting = new Map<string, Synapse[]>();
    for (const synapse of synapses) {
      for (const id of synapse.inputs) {
        const others = waiting.get(id);
        if (others === undefined) waiting.set(id, [synapse]);
        else others.push(synapse);
      }
    }
    let fired = true;
    let skipped = false;
    while (fired) {
      fired = false;
      skipped = false;
      for (const synapse of synapses) {
        if (synapse.executed || synapse.failed || synapse.inputs.size > 0) continue;
        const isPseudo = synapse.actions.every((action) => action.name === 'pseudo_event');
        if (this.#aborted && !isPseudo && synapse.priority < infinity) {
          skipped = true;
          continue;
        }
        synapse.executed = true;
        fired = true;
        for (const action of synapse.actions) this.#fire(action, waiting.get(attr(action, 'id') ?? '') ?? []);
      }
    }
    if (synapses.every((synapse) => synapse.executed)) return { status: 'complete' };
    return { status: this.#aborted || skipped ? 'stopped' : 'terminated' };
  }

  #fire(action: Element, waiting: readonly Synapse[]): void {
    const id = attr(action, 'id') ?? '';
    const ok = this.#execute(action);
    for (const synapse of waiting) {
      if (synapse.executed) continue;
      if (ok || synapse.priority >= infinity) synapse.inputs.delete(id);
      else synapse.failed = true;
    }
    if (!ok) this.#aborted = true;
  }

  #execute(action: Element): boolean {
    if (action.name === 'pseudo_event') {
      const node = attr(action, 'on_node');
      this.#text?.item(`Pseudo action:   ${attr(action, 'operation_key')}${node === undefined ? '' : ` on ${node}`}`);
      return true;
    }
    if (action.name === 'crm_event') {
      if (attr(action, 'operation') === 'stonith') this.#fence(action);
      else this.#clusterAction(action);
      return true;
    }
    return this.#resourceAction(action);
  }

  #clusterAction(action: Element): void {
    const primitive = firstChild(action, 'primitive');
    const about = primitive === undefined ? '' : ` for ${attr(primitive, 'id')}`;
    this.#text?.item(`Cluster action:  ${attr(action, 'operation')}${about} on ${attr(action, 'on_node')}`);
  }

  #fence(action: Element): void {
    const node = attr(action, 'on_node') ?? '';
    const op = metaOf(action, 'stonith_action') ?? '';
    this.#text?.item(`Fencing ${node} (${op})`);
    if (op === 'on') return;
    const state = this.#cib.nodeState(node, attr(action, 'on_node_uuid') ?? node);
    state.set({ in_ccm: 'false', crmd: 'offline', join: 'down', expected: 'down' });
    state.forget();
  }

  #resourceAction(action: Element): boolean {
    const primitive = firstChild(action, 'primitive');
    const node = attr(action, 'on_node') ?? '';
    const task = attr(action, 'operation') ?? '';
    const id = primitive === undefined ? '' : (attr(primitive, 'id') ?? '');
    const longId = primitive === undefined ? undefined : attr(primitive, 'long-id');
    const name = !this.#names.has(id) && longId !== undefined && this.#names.has(longId) ? longId : id;
    const intervalMs = Number(metaOf(action, 'interval') ?? 0) || 0;
    const untracked = task === 'delete' || task === 'meta-data';
    const shown = intervalMs > 0 && !untracked ? `${task}=${intervalMs}` : task;
    this.#text?.item(`Resource action: ${name.padEnd(15)} ${shown} on ${node}`);
    if (untracked || primitive === undefined) return true;
    const agent: Agent = {
      id,
      class: attr(primitive, 'class'),
      provider: attr(primitive, 'provider'),
      type: attr(primitive, 'type'),
    };
    return this.#record(action, { name, id, agent, node, task, intervalMs });
  }

  #record(
    action: Element,
    step: { name: string; id: string; agent: Agent; node: string; task: string; intervalMs: number },
  ): boolean {
    const { name, id, agent, node, intervalMs } = step;
    const routed = attr(action, 'router_node') !== undefined;
    const state = this.#cib.nodeState(node, routed ? node : (attr(action, 'on_node_uuid') ?? node));
    const history = state.history([name, id], agent);
    const task = step.task === 'reload-agent' || step.task === 'reload' ? 'start' : step.task;
    const target = Number(metaOf(action, 'op_target_rc') ?? 0) || 0;
    const failure = this.#failures.find(
      (each) =>
        each.task === step.task &&
        each.node.toLowerCase() === node.toLowerCase() &&
        each.intervalMs === intervalMs &&
        (each.resource === name || each.resource === id),
    );
    const code = failure === undefined ? target : failure.code;
    if (failure !== undefined) {
      this.#text?.info(`Pretending action ${attr(action, 'id')} failed with rc=${failure.code}`);
      recordFailure(this.#set, state, failure, this.#nowSeconds, this.#text);
    }
    recordResult(history, {
      id,
      task,
      intervalMs,
      node,
      code,
      target,
      featureSet: attr(firstChild(action, 'attributes') ?? action, 'crm_feature_set') ?? '',
      at: this.#nowSeconds,
      entryId: entryId(id, task, intervalMs, action),
      more: {
        migrate_source: metaOf(action, 'migrate_source'),
        migrate_target: metaOf(action, 'migrate_target'),
        'op-digest': operationDigest(parametersOf(action)),
      },
    });
    return failure === undefined;
  }
}

/** Ids of entries for what is no result of the resource's own. */
function entryId(id: string, task: string, intervalMs: number, action: Element): string | undefined {
  if (task === 'notify') return `${id}_${metaOf(action, 'notify_type')}_notify_${metaOf(action, 'notify_operation')}_0`;
  return task === 'cancel' ? `${id}_cancel_${intervalMs}` : undefined;
}

/** What an action hands to its agent, names that can't be attributes' included. */
function parametersOf(action: Element): Map<string, string> {
  const attributes = firstChild(action, 'attributes');
  const parameters = new Map(attributes?.attributes);
  for (const param of attributes === undefined ? [] : childElements(attributes, 'param')) {
    parameters.set(attr(param, 'name') ?? '', attr(param, 'value') ?? '');
  }
  return parameters;
}

function metaOf(action: Element, name: string): string | undefined {
  const attributes = firstChild(action, 'attributes');
  return attributes === undefined ? undefined : attr(attributes, `CRM_meta_${name}`);
}

function readSynapse(element: Element): Synapse {
  const inputs = new Set<string>();
  for (const trigger of childElements(firstChild(element, 'inputs') ?? element, 'trigger')) {
    for (const action of childElements(trigger)) inputs.add(attr(action, 'id') ?? '');
  }
  return {
    priority: Number(attr(element, 'priority') ?? 0),
    actions: childElements(firstChild(element, 'action_set') ?? element),
    inputs,
    failed: false,
    executed: false,
  };
}
