import { createHash } from 'node:crypto';
import { compareVersions, evaluateSets } from '@sanode/rules';
import { attr, childElements, type Element } from '@sanode/xml';
import { findOperation, operationMeta } from '../inputs/operations.ts';
import { parametersOf } from '../inputs/parameters.ts';
import { ruleInput } from '../inputs/rule-input.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { currentNode } from '../placement/current-node.ts';
import { compareBytes } from '../values/names.ts';
import { featureSet } from '../values/release.ts';

/** Digests of an operation's parameters, calculated from the configuration (scheduler-1 10). */
export interface Digests {
  readonly all: string;
  readonly secure: string | undefined;
  readonly restart: string | undefined;
  readonly parameters: ReadonlyMap<string, string>;
  /** The operation has instance attributes of its own and does not recur. */
  readonly restartOnMismatch: boolean;
}

export type DigestVerdict = 'match' | 'unknown' | 'mismatch' | 'restart';

const neverDigested = new Set(['id', 'crm_feature_set', 'op-digest', 'on_node', 'on_node_uuid', 'pcmk_external_ip']);
/** From this feature set on, secure digests of recurring operations start from everything. */
const secureFromAllSince = '3.16.0';

/** Digest of parameters: MD5 of one sorted element (scheduler-1 10.1). */
export function parametersDigest(parameters: ReadonlyMap<string, string>): string {
  let text = ' <parameters';
  for (const [name, value] of [...parameters].sort(([a], [b]) => compareBytes(a, b))) {
    text += ` ${name}="${escapeValue(value)}"`;
  }
  return createHash('md5').update(`${text}/>\n`, 'utf8').digest('hex');
}

/** Digest of what an action in the graph hands to its agent, as its history entry records it (scheduler-1 10.1). */
export function operationDigest(attributes: ReadonlyMap<string, string>): string {
  const parameters = new Map(attributes);
  filterParameters(parameters);
  return parametersDigest(parameters);
}

function escapeValue(value: string): string {
  return value.replace(/[&<>"\u0000-\u001f\u007f]/g, (char) => {
    if (char === '&') return '&amp;';
    if (char === '<') return '&lt;';
    if (char === '>') return '&gt;';
    if (char === '"') return '&quot;';
    return `&#x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')};`;
  });
}

function filterParameters(parameters: Map<string, string>): void {
  const recurs = (parameters.get('CRM_meta_interval') ?? '0') !== '0';
  const timeout = parameters.get('CRM_meta_timeout');
  for (const name of [...parameters.keys()]) {
    if (name.startsWith('CRM_meta_') || neverDigested.has(name)) parameters.delete(name);
  }
  if (recurs && timeout !== undefined) parameters.set('CRM_meta_timeout', timeout);
}

/** Name under which a meta attribute goes to agents; none for those that can't. */
export function metaName(name: string): string | undefined {
  return /[#:]/.test(name) ? undefined : `CRM_meta_${name.replaceAll('-', '_')}`;
}

/** Whether a bundle connection's address has to be replaced by its host's name. */
export function needsHostAddress(set: WorkingSet, resource: Resource): boolean {
  // Read of every resource, as the reference does: the rules of its parameters count for the time to look again.
  const address = parametersOf(set, resource, undefined).get('addr');
  if (!resource.remoteConnection || resource.launcher === undefined || resource.replica === undefined) return false;
  return address === '#uname';
}

/** The name of the host that stands for `#uname`. */
export function hostAddress(resource: Resource): string | undefined {
  const container = resource.launcher;
  if (container === undefined) return undefined;
  return (container.assigned?.node ?? currentNode(container))?.name;
}

/** Calculates, once for each node and operation, the digests that a history entry is compared with. */
export function calculateDigests(
  set: WorkingSet,
  resource: Resource,
  task: string,
  intervalMs: number,
  node: ClusterNode,
  entry: Element | undefined,
): Digests {
  const key = `${resource.id}_${task}_${intervalMs}`;
  const cached = node.digests.get(key);
  if (cached !== undefined) return cached;
  const own = parametersOf(set, resource, node);
  const all = new Map<string, string>();
  const host = needsHostAddress(set, resource) ? hostAddress(resource) : undefined;
  if (host !== undefined) all.set('addr', host);
  addAbsent(all, own);
  const op = findOperation(resource, task, intervalMs, true);
  const restartOnMismatch = addOperationAttributes(set, all, op, node) && intervalMs === 0;
  for (const [name, value] of operationMeta(set, resource, node, task, intervalMs, op)) {
    const exported = metaName(name);
    if (exported !== undefined && !all.has(exported)) all.set(exported, value);
  }
  filterParameters(all);
  const digests: Digests = {
    all: parametersDigest(all),
    restart: restartDigest(all, entry),
    secure: set.sanitized || set.unfencingEnabled ? secureDigest(set, resource, all, own, entry) : undefined,
    parameters: all,
    restartOnMismatch,
  };
  node.digests.set(key, digests);
  return digests;
}

function addOperationAttributes(
  set: WorkingSet,
  all: Map<string, string>,
  op: Element | undefined,
  node: ClusterNode,
): boolean {
  if (op === undefined || childElements(op, 'instance_attributes').length === 0) return false;
  const table = new Map<string, string>();
  evaluateSets(op, 'instance_attributes', ruleInput(set, { nodeAttributes: node.attributes }), table);
  addAbsent(all, table);
  return table.size > 0;
}

function addAbsent(target: Map<string, string>, source: ReadonlyMap<string, string>): void {
  for (const [name, value] of source) if (!target.has(name)) target.set(name, value);
}

function restartDigest(all: ReadonlyMap<string, string>, entry: Element | undefined): string | undefined {
  if (entry === undefined || attr(entry, 'op-restart-digest') === undefined) return undefined;
  const list = attr(entry, 'op-force-restart');
  if (list === undefined) return parametersDigest(all);
  const names = new Set(list.split(' '));
  return parametersDigest(new Map([...all].filter(([name]) => names.has(name))));
}

function secureDigest(
  set: WorkingSet,
  resource: Resource,
  all: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, string>,
  entry: Element | undefined,
): string {
  const recorded = entry === undefined ? undefined : attr(entry, 'crm_feature_set');
  const version = recorded ?? attr(set.cib, 'crm_feature_set') ?? featureSet;
  const old = compareVersions(version, secureFromAllSince) < 0;
  const parameters = new Map(old ? own : all);
  const list = entry === undefined ? 'passwd password user' : attr(entry, 'op-secure-params');
  for (const name of list?.split(' ') ?? []) parameters.delete(name);
  if (old && resource.fenceDevice) {
    for (const name of [...parameters.keys()]) if (isFencerParameter(name)) parameters.delete(name);
  }
  filterParameters(parameters);
  if (old) parameters.delete('CRM_meta_timeout');
  return parametersDigest(parameters);
}

/** Parameters of fence devices that are for the fencer, not for the agent. */
function isFencerParameter(name: string): boolean {
  return name === 'provides' || name === 'stonith-timeout' || name.startsWith('pcmk_');
}

/** Compares a history entry with what the configuration gives now (scheduler-1 10.3). */
export function compareDigests(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  entry: Element,
  task: string,
  intervalMs: number,
): { verdict: DigestVerdict; digests: Digests } {
  const digests = calculateDigests(set, resource, task, intervalMs, node, entry);
  // Digests are cached by the first entry that is compared, which may have had no restart digest.
  const restart = attr(entry, 'op-restart-digest');
  if (restart !== undefined && digests.restart !== undefined && restart !== digests.restart) {
    return { verdict: 'restart', digests };
  }
  const recorded = attr(entry, 'op-digest');
  if (recorded === undefined) return { verdict: 'unknown', digests };
  if (recorded === digests.all) return { verdict: 'match', digests };
  return { verdict: intervalMs === 0 && digests.restartOnMismatch ? 'restart' : 'mismatch', digests };
}
