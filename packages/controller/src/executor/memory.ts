import { type Element, element } from '@sanode/xml';
import { type EntryContext, historyEntries } from './history-entry.ts';
import { hasFailed, type Operation, operationKey, type ResourceDefinition, status } from './operation.ts';

interface Remembered {
  readonly definition: ResourceDefinition;
  stopParameters: ReadonlyMap<string, string> | undefined;
  failed: Operation | undefined;
  last: Operation | undefined;
  readonly recurring: Map<string, Operation>;
}

/** What is remembered of each resource's operations: join confirmations are built from it (controller.md 8.8). */
export class ExecutorMemory {
  readonly #resources = new Map<string, Remembered>();

  get ids(): readonly string[] {
    return [...this.#resources.keys()];
  }

  definition(id: string): ResourceDefinition | undefined {
    return this.#resources.get(id)?.definition;
  }

  /** Instance parameters that a stop is called with: those of the last start, reload or probe. */
  stopParameters(id: string): ReadonlyMap<string, string> | undefined {
    return this.#resources.get(id)?.stopParameters;
  }

  register(definition: ResourceDefinition): void {
    if (this.#resources.has(definition.id)) return;
    const fresh = { definition, stopParameters: undefined, failed: undefined, last: undefined };
    this.#resources.set(definition.id, { ...fresh, recurring: new Map() });
  }

  forget(id: string): void {
    this.#resources.delete(id);
  }

  clear(): void {
    this.#resources.clear();
  }

  /** Forgets the last failure, of one operation only when it is named. */
  forgetFailure(id: string, task: string | undefined, intervalMs: number | undefined): void {
    const known = this.#resources.get(id);
    if (known?.failed === undefined) return;
    if (task !== undefined && (known.failed.task !== task || known.failed.intervalMs !== (intervalMs ?? 0))) return;
    known.failed = undefined;
  }

  /** Whether the last failure is of this operation. */
  lastFailureIs(id: string, task: string, intervalMs: number): boolean {
    const failed = this.#resources.get(id)?.failed;
    return failed !== undefined && failed.task === task && failed.intervalMs === intervalMs;
  }

  /** Takes in a result. */
  record(operation: Operation): void {
    this.register(operation.resource);
    const known = this.#resources.get(operation.resource.id) as Remembered;
    const key = operationKey(operation.resource.id, operation.task, operation.intervalMs);
    if (operation.status === status.cancelled) {
      if (operation.intervalMs > 0) known.recurring.delete(key);
      return;
    }
    if (operation.status === status.pending || operation.task === 'notify' || operation.task === 'meta-data') return;
    const isParameterSource =
      ['start', 'reload', 'reload-agent'].includes(operation.task) ||
      (operation.task === 'monitor' && operation.intervalMs === 0);
    if (isParameterSource) known.stopParameters = instanceParameters(operation.parameters);
    if (hasFailed(operation)) known.failed = operation;
    else if (operation.intervalMs === 0) known.last = operation;
    if (operation.intervalMs > 0) known.recurring.set(key, operation);
    else if (operation.task !== 'monitor') known.recurring.clear();
  }

  /** `<lrm_resources>` of everything remembered. @param contextOf agent data of each resource */
  snapshot(contextOf: (definition: ResourceDefinition) => EntryContext): Element {
    const resources = [...this.#resources.values()].map((known) => {
      const entries = new Map<string, Element>();
      for (const operation of [known.failed, known.last, ...known.recurring.values()]) {
        if (operation === undefined) continue;
        for (const entry of historyEntries(operation, contextOf(known.definition))) {
          entries.set(entry.attributes.get('id') ?? '', entry);
        }
      }
      return resourceElement(known.definition, [...entries.values()]);
    });
    return element('lrm_resources', {}, resources);
  }
}

/** `<lrm_resource>` with its entries. */
export function resourceElement(definition: ResourceDefinition, entries: readonly Element[]): Element {
  const { id, type, standard, provider } = definition;
  return element('lrm_resource', { id, type, class: standard, provider }, entries);
}

/** Parameters without the cluster's own. */
export function instanceParameters(parameters: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...parameters].filter(([name]) => !name.startsWith('CRM_meta_') && name !== 'crm_feature_set'));
}
