import { evaluateSets, integerAtLeast, intervalOrZero, isTrue } from '@sanode/rules';
import { attr, type Element, firstChild } from '@sanode/xml';
import { allowEverywhere, banOrAdd } from '../constraints/ban.ts';
import { kindOf } from '../kinds/index.ts';
import { type MultipleActivePolicy, Resource, topOf, type Variant } from '../model/resource.ts';
import { parseRole, Role } from '../model/role.ts';
import { configError, configWarning, type WorkingSet } from '../model/working-set.ts';
import { sameText } from '../values/names.ts';
import { infinity, parseScore, scoreOr } from '../values/scores.ts';
import { unpackBundle } from './bundles.ts';
import { resolved } from './cib-index.ts';
import { checkCloneSupport, unpackClone } from './clones.ts';
import { unpackGroup } from './groups.ts';
import { isRemoteConnectionXml } from './nodes.ts';
import { parametersOf } from './parameters.ts';
import { buildMeta } from './resource-meta.ts';
import { ruleInput } from './rule-input.ts';
import { expandTemplate } from './templates.ts';

const variants: ReadonlyMap<string, Variant> = new Map([
  ['primitive', 'primitive'],
  ['group', 'group'],
  ['clone', 'clone'],
  ['bundle', 'bundle'],
]);

/** Builds a resource with all below it; `undefined` (and a message) if it can't be (scheduler-1 6.2). */
export function unpackResource(set: WorkingSet, xml: Element, parent: Resource | undefined): Resource | undefined {
  const id = attr(xml, 'id');
  const variant = variants.get(xml.name.toLowerCase());
  if (id === undefined || variant === undefined) {
    configError(set, `Ignoring <${xml.name}> in resources: ${id === undefined ? 'it has no id' : 'unknown kind'}`);
    return undefined;
  }
  const expanded = variant === 'primitive' ? expandTemplate(set, xml) : xml;
  if (expanded === undefined) return undefined;
  const operations = firstChild(expanded, 'operations');
  const instance = attr(expanded, 'clone');
  const resource = new Resource(
    instance === undefined ? id : `${id}:${instance}`,
    variant,
    kindOf(variant, false),
    parent,
    expanded,
    operations === undefined ? undefined : resolved(set.index, operations),
  );
  resource.origRole = Role.stopped;
  resource.meta = buildMeta(set, resource);
  readMeta(set, resource);
  if (!unpackVariant(set, resource)) return undefined;
  if (set.options.symmetric) allowEverywhere(set, resource);
  else if (resource.remoteConnection && resource.meta.has('container')) banOrAdd(set, resource, 'all', 0);
  evaluateSets(expanded, 'utilization', ruleInput(set), resource.utilization);
  if (!set.resourcesById.has(resource.id)) set.resourcesById.set(resource.id, resource);
  const template = attr(xml, 'template');
  if (template !== undefined) addTemplateUser(set, template, id);
  return resource;
}

function addTemplateUser(set: WorkingSet, template: string, id: string): void {
  const users = set.templates.get(template);
  if (users === undefined) set.templates.set(template, [id]);
  else if (!users.includes(id)) users.push(id);
}

function unpackVariant(set: WorkingSet, resource: Resource): boolean {
  const unpackChild = (xml: Element, parent: Resource) => unpackResource(set, xml, parent);
  switch (resource.variant) {
    case 'primitive':
      return checkCloneSupport(set, resource);
    case 'group':
      return unpackGroup(set, resource, unpackChild);
    case 'clone':
      return unpackClone(set, resource, unpackChild);
    case 'bundle':
      return unpackBundle(set, resource, unpackChild);
  }
}

function readMeta(set: WorkingSet, resource: Resource): void {
  const { meta } = resource;
  resource.managed = !set.options.maintenanceMode;
  resource.priority = scoreOr(meta.get('priority'), 0);
  resource.critical = !meta.has('critical') || isTrue(meta.get('critical'));
  resource.notify = isTrue(meta.get('notify'));
  resource.remoteConnection = isRemoteConnectionXml(resource.xml);
  const container = meta.get('container');
  const allowMigrate = meta.get('allow-migrate');
  resource.migratable =
    isTrue(allowMigrate) || (allowMigrate === undefined && resource.remoteConnection && container === undefined);
  const isManaged = meta.get('is-managed');
  if (isManaged !== undefined && !sameText(isManaged, 'default')) resource.managed = isTrue(isManaged);
  if (isTrue(meta.get('maintenance')) || set.options.maintenanceMode) {
    resource.managed = false;
    resource.maintenance = true;
  }
  const top = topOf(resource);
  if (top.variant === 'clone') {
    // The resource's own table, which has the clone's values by inheritance.
    const unique = meta.get('globally-unique');
    resource.unique = unique !== undefined ? isTrue(unique) : integerAtLeast(meta.get('clone-node-max'), 0) > 1;
    resource.promotable = isTrue(meta.get('promotable'));
  } else {
    resource.unique = true;
  }
  if (resource.promotable && resource.variant === 'clone') resource.kind = kindOf('clone', true);
  resource.multipleActive = multipleActivePolicy(meta.get('multiple-active'));
  readScores(resource);
  if (sameText(meta.get('class'), 'stonith')) {
    set.hasFenceDevice = true;
    resource.fenceDevice = true;
  }
  readRequires(set, resource);
  resource.failureExpirationMs = intervalOrZero(meta.get('failure-timeout'));
  if (resource.remoteConnection && container === undefined) {
    const reconnect = parametersOf(set, resource, undefined).get('reconnect_interval');
    if (reconnect !== undefined) {
      resource.remoteReconnectMs = intervalOrZero(reconnect);
      resource.failureExpirationMs = resource.remoteReconnectMs;
    }
  }
  const target = targetRole(resource, (text) => configError(set, text));
  if (target !== undefined) resource.nextRole = target;
}

function readScores(resource: Resource): void {
  const stickiness = resource.meta.get('resource-stickiness');
  resource.stickiness = sameText(stickiness, 'default') ? 0 : scoreOr(stickiness, 0);
  const threshold = resource.meta.get('migration-threshold');
  const parsed = threshold === undefined || sameText(threshold, 'default') ? infinity : parseScore(threshold);
  resource.banAfterFailures = parsed === undefined || parsed < 0 ? infinity : parsed;
}

function multipleActivePolicy(text: string | undefined): MultipleActivePolicy {
  switch (text?.toLowerCase()) {
    case 'stop_only':
      return 'stop-only';
    case 'block':
      return 'block';
    case 'stop_unexpected':
      return 'stop-unexpected';
    default:
      return 'stop-start';
  }
}

/** Whether starting needs quorum, fencing or unfencing first (scheduler-1 6.5). */
function readRequires(set: WorkingSet, resource: Resource): void {
  const { options } = set;
  let requires = resource.meta.get('requires')?.toLowerCase();
  if (requires === undefined || !['nothing', 'quorum', 'fencing', 'unfencing'].includes(requires)) {
    requires = defaultRequires(set, resource);
  }
  if (requires === 'unfencing' && (resource.fenceDevice || !options.fencingEnabled)) {
    configWarning(set, `Resetting "requires" for ${resource.id} to "quorum"`);
    requires = 'quorum';
  }
  if (requires === 'fencing' && !options.fencingEnabled) {
    configWarning(set, `${resource.id} requires fencing but fencing is disabled`);
  }
  resource.needsQuorum = requires === 'quorum';
  resource.needsFencing = requires === 'fencing' || requires === 'unfencing';
  resource.needsUnfencing = requires === 'unfencing';
}

function defaultRequires(set: WorkingSet, resource: Resource): string {
  if (resource.fenceDevice || resource.remoteConnection) return 'quorum';
  if (set.unfencingEnabled) return 'unfencing';
  if (set.options.fencingEnabled) return 'fencing';
  return set.options.noQuorumPolicy === 'ignore' ? 'nothing' : 'quorum';
}

/** The role that `target-role` limits a resource to; `undefined` where it asks for nothing special (scheduler-1 6.6). */
export function targetRole(resource: Resource, complain: (text: string) => void = () => {}): Role | undefined {
  const text = resource.meta.get('target-role');
  if (text === undefined || sameText(text, 'Started') || sameText(text, 'default')) return undefined;
  const role = parseRole(text);
  if (role === undefined || role === Role.unknown) {
    complain(`Ignoring 'target-role' for ${resource.id}: '${text}' is no role`);
    return undefined;
  }
  if (role > Role.started) {
    if (!topOf(resource).promotable) {
      complain(`Ignoring 'target-role' for ${resource.id}: '${text}' only makes sense for promotable clones`);
      return undefined;
    }
    if (role === Role.promoted) return undefined;
  }
  return role;
}
