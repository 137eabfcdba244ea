import { attr, childElements, type Element, element, withAttributes, withChildren } from '@sanode/xml';
import { describeAgent } from '../agents.ts';
import { groupByKeywords, parseOptions, seconds } from '../arguments.ts';
import { type CibEditor, idProblem } from '../cib-editor.ts';
import type { PcsContext } from '../context.ts';
import { fail, Reports, usage } from '../errors.ts';
import { nvpairs, updateOwnSet } from '../nvpairs.ts';
import { operationElement, parseOperations, validateOperations } from '../operations.ts';
import { allResources, findResource, innerResource, isClone, primitivesOf, resourceParent } from '../resources.ts';
import { awaitRunning, waitSeconds } from '../wait.ts';
import { constraintsOf, dropFromConstraint } from './constraint.ts';
import { askAgent, cloneOf, validateParameters, withMember } from './resource-create.ts';

/** @throws {PcsError} when there is no such resource */
export function mustFind(editor: CibEditor, id: string): Element {
  return findResource(editor, id) ?? fail(`Unable to find resource: ${id}`);
}

function mustExist(context: PcsContext, editor: CibEditor, ids: readonly string[]): Element[] {
  if (ids.length === 0) usage();
  const reports = new Reports(false, (sentence) => context.warn(sentence));
  const found: Element[] = [];
  for (const id of ids) {
    const tag = editor.section('tags').children.find((child) => child.type === 'element' && attr(child, 'id') === id);
    const members = tag?.type === 'element' ? childElements(tag, 'obj_ref').map((ref) => attr(ref, 'id') ?? '') : [id];
    for (const member of members) {
      const resource = findResource(editor, member);
      if (resource === undefined) reports.error(`bundle/clone/group/resource/tag '${id}' does not exist`);
      else found.push(resource);
    }
  }
  reports.finish();
  return found;
}

/** `resource update R [options] [op …] [meta …]`. */
export async function updateResource(context: PcsContext, words: readonly string[]): Promise<void> {
  const [id, ...rest] = words;
  if (id === undefined) usage();
  const runs = groupByKeywords(rest, ['op', 'meta']);
  const options = parseOptions(runs[0]?.words ?? []);
  const meta = parseOptions(runs.filter((run) => run.keyword === 'meta').flatMap((run) => run.words));
  const operations = parseOperations(runs.filter((run) => run.keyword === 'op').map((run) => run.words));
  const wait = waitSeconds(context);
  const editor = await context.cib();
  const resource = mustFind(editor, id);
  if (resource.name !== 'primitive') {
    if (operations.length > 0) fail(`operations belong to primitive resources; '${id}' is a ${resource.name}`);
    updateOwnSet(editor, resource, 'meta_attributes', `${id}-meta_attributes`, new Map([...options, ...meta]));
  } else {
    await checkOptions(context, resource, options, operations);
    const merged = new Map([...nvpairs(childElements(resource, 'instance_attributes')[0]), ...options]);
    for (const [name, value] of merged) if (value === '') merged.delete(name);
    if (options.size > 0) {
      const reports = context.reports();
      const [standard, provider, type] = ['class', 'provider', 'type'].map((name) => attr(resource, name) ?? '');
      const name = { standard: standard as string, provider: provider || undefined, type: type as string };
      await askAgent(context, id, name, merged, reports);
      reports.finish();
    }
    updateOwnSet(editor, resource, 'instance_attributes', `${id}-instance_attributes`, options);
    updateOwnSet(editor, mustFind(editor, id), 'meta_attributes', `${id}-meta_attributes`, meta);
    for (const plan of operations) replaceOperation(editor, id, plan);
  }
  await context.save(editor);
  if (wait !== undefined) await awaitRunning(context, id, wait, true);
}

async function checkOptions(
  context: PcsContext,
  primitive: Element,
  options: ReadonlyMap<string, string>,
  operations: ReturnType<typeof parseOperations>,
): Promise<void> {
  const reports = context.reports();
  const [standard, provider, type] = ['class', 'provider', 'type'].map((name) => attr(primitive, name) ?? '');
  const name = { standard: standard as string, provider: provider || undefined, type: type as string };
  let description: ReturnType<typeof describeAgent> | undefined;
  try {
    description = describeAgent(name, await context.deps.agents.metadata(name.standard, provider ?? '', name.type));
  } catch (error) {
    reports.forceable(
      `Agent of resource '${attr(primitive, 'id')}' has no valid metadata: ${(error as Error).message}`,
    );
  }
  if (description !== undefined) {
    const given = new Map([...options].filter(([, value]) => value !== ''));
    validateParameters(given, description, reports);
    for (const parameter of description.parameters) {
      if (parameter.required && options.get(parameter.name) === '') {
        reports.forceable(`required resource option '${parameter.name}' is missing`);
      }
    }
  }
  validateOperations(operations, description, reports, (text) => context.deprecated(text));
  reports.finish(false);
}

/** An operation that was updated takes the place of the first of its name, or of the one with its interval. */
function replaceOperation(editor: CibEditor, id: string, plan: ReturnType<typeof parseOperations>[number]): void {
  const primitive = mustFind(editor, id);
  const holder = childElements(primitive, 'operations')[0];
  const present =
    holder === undefined ? [] : childElements(holder, 'op').filter((op) => attr(op, 'name') === plan.name);
  const interval = seconds(plan.attributes.get('interval') ?? '');
  const old = present.find((op) => seconds(attr(op, 'interval') ?? '') === interval) ?? present[0];
  if (old !== undefined) editor.replace(old, element('op', {}));
  const placeholder = editor.find((candidate) => candidate.name === 'op' && candidate.attributes.size === 0);
  const kept = old === undefined ? plan.attributes : new Map([...keptOptions(old), ...plan.attributes]);
  const op = operationElement(editor, id, { ...plan, attributes: kept }, new Set());
  const now = mustFind(editor, id);
  const operations = childElements(now, 'operations')[0];
  if (placeholder !== undefined) editor.replace(placeholder, op);
  else if (operations === undefined) editor.append(now, element('operations', {}, [op]));
  else editor.append(operations, op);
}

function keptOptions(op: Element): [string, string][] {
  return [...op.attributes].filter(([name]) => !['id', 'name', 'interval'].includes(name));
}

/** `resource op add|remove`. */
export async function operations(context: PcsContext, words: readonly string[]): Promise<void> {
  const [action, id, ...rest] = words;
  if (id === undefined || (action !== 'add' && action !== 'remove' && action !== 'delete')) usage();
  const editor = await context.cib();
  if (action === 'add') {
    const primitive = mustFind(editor, id);
    const [plan, ...more] = parseOperations([rest]);
    if (plan === undefined || more.length > 0) usage();
    await checkOptions(context, primitive, new Map(), [plan]);
    const holder = childElements(primitive, 'operations')[0];
    const same = holder === undefined ? [] : childElements(holder, 'op').filter((op) => attr(op, 'name') === plan.name);
    if (same.length > 0 && !context.force) {
      const lines = same.map((op) => `${plan.name} ${optionWords(op)} (${attr(op, 'id')})`);
      fail([`operation ${plan.name} already specified for ${id}, use --force to override:`, ...lines].join('\n'));
    }
    const op = operationElement(editor, id, plan, new Set());
    if (holder === undefined) editor.append(primitive, element('operations', {}, [op]));
    else editor.append(holder, op);
  } else {
    removeOperation(editor, id, rest);
  }
  await context.save(editor);
}

function optionWords(op: Element): string {
  return [...op.attributes]
    .filter(([name]) => name !== 'id' && name !== 'name')
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function removeOperation(editor: CibEditor, id: string, words: readonly string[]): void {
  const byId = words.length === 0 ? editor.byId(id) : undefined;
  if (byId?.name === 'op') {
    editor.remove(byId);
    return;
  }
  const primitive = mustFind(editor, id);
  const [name, ...options] = words;
  if (name === undefined) usage();
  const wanted = parseOptions(options);
  const found = childElements(primitive, 'operations')
    .flatMap((holder) => childElements(holder, 'op'))
    .find((op) => attr(op, 'name') === name && [...wanted].every(([key, value]) => attr(op, key) === value));
  editor.remove(found ?? fail(`Unable to find operation matching: ${words.join(' ')}`));
}

/** `resource meta R name=value…`. */
export async function meta(context: PcsContext, words: readonly string[]): Promise<void> {
  const [id, ...rest] = words;
  if (id === undefined || rest.length === 0) usage();
  const options = parseOptions(rest);
  await context.edit((editor) =>
    updateOwnSet(editor, mustFind(editor, id), 'meta_attributes', `${id}-meta_attributes`, options),
  );
}

/** `resource enable|disable R…`. */
export async function setEnabled(context: PcsContext, ids: readonly string[], enable: boolean): Promise<void> {
  if (context.has('safe') || context.has('simulate')) fail('options --safe and --simulate are not available yet');
  const wait = waitSeconds(context);
  const editor = await context.cib();
  for (const resource of mustExist(context, editor, ids)) {
    const targets = enable ? lineage(editor, resource) : [resource];
    for (const target of targets) {
      const id = attr(target, 'id') as string;
      const value = enable ? '' : 'Stopped';
      updateOwnSet(
        editor,
        mustFind(editor, id),
        'meta_attributes',
        `${id}-meta_attributes`,
        new Map([['target-role', value]]),
        true,
      );
    }
  }
  await context.save(editor);
  if (wait !== undefined) for (const id of ids) await awaitRunning(context, id, wait, enable);
}

/** A resource with the clone or bundle around it, and what a clone or bundle holds: a role set on any keeps it stopped. */
function lineage(editor: CibEditor, resource: Element): Element[] {
  const parent = resourceParent(editor, resource);
  const wrapper = parent !== undefined && (isClone(parent) || parent.name === 'bundle') ? [parent] : [];
  const inner = isClone(resource) || resource.name === 'bundle' ? innerResource(resource) : undefined;
  return [resource, ...wrapper, ...(inner === undefined ? [] : [inner])];
}

/** `resource manage|unmanage R… [--monitor]`. */
export async function setManaged(context: PcsContext, ids: readonly string[], managed: boolean): Promise<void> {
  await context.edit((editor) => {
    for (const resource of mustExist(context, editor, ids)) {
      const owners = managed ? [...lineage(editor, resource), ...primitivesOf(resource)] : primitivesOf(resource);
      for (const id of new Set(owners.map((owner) => attr(owner, 'id') as string))) {
        const value = managed ? '' : 'false';
        updateOwnSet(
          editor,
          mustFind(editor, id),
          'meta_attributes',
          `${id}-meta_attributes`,
          new Map([['is-managed', value]]),
          true,
        );
      }
      if (!context.has('monitor')) continue;
      for (const primitive of primitivesOf(mustFind(editor, attr(resource, 'id') as string))) {
        for (const op of childElements(primitive, 'operations').flatMap((holder) => childElements(holder, 'op'))) {
          if (attr(op, 'name') === 'monitor')
            editor.replace(op, withAttributes(op, { enabled: managed ? undefined : 'false' }));
        }
      }
    }
  });
}

/** `resource clone|promotable R [ID] [options]`. */
export async function cloneResource(
  context: PcsContext,
  words: readonly string[],
  keyword: 'clone' | 'promotable' | 'master',
): Promise<void> {
  // Old syntax: `resource master [ID] RSC`.
  const swapped =
    keyword === 'master' && words[1] !== undefined && !words[1].includes('=')
      ? [words[1], words[0] as string, ...words.slice(2)]
      : words;
  const [id, ...rest] = swapped;
  if (id === undefined) usage();
  const options = rest[0] === 'meta' ? rest.slice(1) : rest.filter((word) => word !== 'meta');
  const wait = waitSeconds(context);
  const editor = await context.cib();
  const resource = findResource(editor, id) ?? fail(`unable to find group or resource: ${id}`);
  const parent = resourceParent(editor, resource);
  if (isClone(resource) || (parent !== undefined && isClone(parent))) fail(`${id} is already a clone resource`);
  if (parent !== undefined) fail(`cannot clone resource '${id}', it is in ${parent.name} '${attr(parent, 'id')}'`);
  const clone = cloneOf(context, editor, { keyword, words: options }, resource);
  editor.remove(resource);
  editor.append(editor.ensureSection('resources'), clone);
  renameInConstraints(editor, id, attr(clone, 'id') as string);
  await context.save(editor);
  if (wait !== undefined) await awaitRunning(context, id, wait, true);
}

/** Constraints about a resource that is a clone now are about the clone. */
function renameInConstraints(editor: CibEditor, from: string, to: string): void {
  const names = ['rsc', 'with-rsc', 'first', 'then'];
  for (;;) {
    const found = childElements(editor.section('constraints')).find((constraint) =>
      names.some((name) => attr(constraint, name) === from),
    );
    if (found === undefined) return;
    const changes = names.filter((name) => attr(found, name) === from).map((name) => [name, to]);
    editor.replace(found, withAttributes(found, Object.fromEntries(changes)));
  }
}

/** `resource unclone R`. */
export async function unclone(context: PcsContext, words: readonly string[]): Promise<void> {
  const [id] = words;
  if (id === undefined || words.length > 1) usage();
  await context.edit((editor) => {
    const resource = findResource(editor, id) ?? fail(`could not find resource: ${id}`);
    const parent = resourceParent(editor, resource);
    const clone = isClone(resource)
      ? resource
      : parent !== undefined && isClone(parent)
        ? parent
        : fail(`'${id}' is not a clone resource`);
    const inner = innerResource(clone) ?? fail(`clone '${attr(clone, 'id')}' is empty`);
    editor.replace(clone, inner);
    // A constraint about the clone may make no sense for what was in it.
    const cloneId = attr(clone, 'id') as string;
    for (const constraint of constraintsOf(editor, cloneId)) dropFromConstraint(editor, constraint, cloneId);
  });
}

/** `resource group add|remove|list …`, `resource ungroup`. */
export async function group(context: PcsContext, words: readonly string[]): Promise<void> {
  const [action, groupId, ...ids] = words;
  if (action === undefined || action === 'list') return listGroups(context);
  if (groupId === undefined) usage();
  const wait = waitSeconds(context);
  const editor = await context.cib();
  if (action === 'add') addToGroup(context, editor, groupId, ids);
  else if (action === 'remove' || action === 'delete') removeFromGroup(editor, groupId, ids);
  else usage();
  await context.save(editor);
  if (wait !== undefined) for (const id of ids) await awaitRunning(context, id, wait, true);
}

async function listGroups(context: PcsContext): Promise<void> {
  for (const resource of allResources((await context.cib()).section('resources'))) {
    if (resource.name !== 'group') continue;
    const members = childElements(resource, 'primitive').map((member) => attr(member, 'id'));
    context.print(`${attr(resource, 'id')}: ${members.join(' ')}`);
  }
}

function addToGroup(context: PcsContext, editor: CibEditor, groupId: string, ids: readonly string[]): void {
  if (ids.length === 0) usage();
  const reports = new Reports(false, (sentence) => context.warn(sentence));
  const present = editor.byId(groupId);
  if (present === undefined) {
    const problem = idProblem(groupId, 'group name');
    if (problem !== undefined) reports.error(problem);
  } else if (present.name !== 'group') {
    reports.error(`'${groupId}' is not a group`);
  }
  let usable = 0;
  for (const id of ids) {
    const resource = findResource(editor, id);
    if (resource === undefined) reports.error(`'${id}' does not exist`);
    else usable += checkMember(editor, id, resource, reports);
  }
  if (usable === 0) reports.error(`Cannot modify group '${groupId}', no resources to add or remove specified`);
  const beside = context.option('before') ?? context.option('after');
  const holds =
    present !== undefined && childElements(present, 'primitive').some((member) => attr(member, 'id') === beside);
  if (beside !== undefined && !holds) {
    reports.error(`There is no resource '${beside}' in the group '${groupId}', cannot add resources next to it`);
  }
  reports.finish();
  const members = ids.map((id) => mustFind(editor, id));
  for (const id of ids) takeOut(editor, id);
  if (editor.byId(groupId) === undefined) {
    editor.append(editor.ensureSection('resources'), element('group', { id: groupId }, members));
    return;
  }
  const ordered = context.has('after') ? [...members].reverse() : members;
  for (const member of ordered) {
    const target = mustFind(editor, groupId);
    const neighbour = childElements(target, 'primitive').find((candidate) => attr(candidate, 'id') === beside);
    if (neighbour === undefined) editor.replace(target, withMember(target, member));
    else editor.insertBeside(target, member, neighbour, context.has('before') ? 'before' : 'after');
  }
}

function checkMember(editor: CibEditor, id: string, resource: Element, reports: Reports): number {
  const parent = resourceParent(editor, resource);
  if (resource.name !== 'primitive')
    reports.error(`'${id}' is a ${resource.name} resource, ${resource.name} resources cannot be put into a group`);
  else if (parent !== undefined && parent.name !== 'group') {
    const what = isClone(parent) ? 'clone' : parent.name;
    reports.error(
      `'${id}' cannot be put into a group because its parent '${attr(parent, 'id')}' is a ${what} resource`,
    );
  } else return 1;
  // It was named and exists: that the list is empty is then no news.
  return 1;
}

/** Takes a primitive out of where it is; a group that is empty then goes. */
function takeOut(editor: CibEditor, id: string): void {
  const resource = mustFind(editor, id);
  const parent = resourceParent(editor, resource);
  if (parent?.name === 'group' && childElements(parent, 'primitive').length === 1) editor.remove(parent);
  else editor.remove(resource);
}

function removeFromGroup(editor: CibEditor, groupId: string, ids: readonly string[]): void {
  const found = findResource(editor, groupId);
  if (found?.name !== 'group') fail(`Group '${groupId}' does not exist`);
  const present = found as Element;
  const all = childElements(present, 'primitive');
  const leaving =
    ids.length === 0
      ? all
      : ids.map(
          (id) =>
            all.find((member) => attr(member, 'id') === id) ?? fail(`Resource '${id}' is not in group '${groupId}'`),
        );
  const kept = all.filter((member) => !leaving.includes(member));
  const parent = resourceParent(editor, present);
  if (parent !== undefined && isClone(parent) && kept.length === 0) {
    if (leaving.length > 1) fail(`Cannot remove all resources from a cloned group`);
    editor.replace(present, leaving[0] as Element);
    return;
  }
  const children = present.children.filter((child) => !leaving.includes(child as Element));
  if (kept.length === 0) editor.remove(present);
  else editor.replace(present, withChildren(present, children));
  const section = editor.ensureSection('resources');
  editor.replace(section, withChildren(section, [...section.children, ...leaving]));
}

/** `resource ungroup G [R…]`. */
export async function ungroup(context: PcsContext, words: readonly string[]): Promise<void> {
  const [groupId, ...ids] = words;
  if (groupId === undefined) usage();
  await context.edit((editor) => removeFromGroup(editor, groupId, ids));
}

/** `resource utilization [R [name=value…]]`. */
export async function utilization(context: PcsContext, words: readonly string[]): Promise<void> {
  const [id, ...rest] = words;
  if (id !== undefined && rest.length > 0) {
    const options = parseOptions(rest);
    for (const [name, value] of options)
      if (!/^[+-]?\d*$/.test(value)) fail(`Value of utilization attribute '${name}' must be an integer: '${value}'`);
    await context.edit((editor) =>
      updateOwnSet(editor, mustFind(editor, id), 'utilization', `${id}-utilization`, options),
    );
    return;
  }
  const editor = await context.cib();
  if (id !== undefined) mustFind(editor, id);
  context.print('Resource Utilization:');
  for (const resource of allResources(editor.section('resources'))) {
    const pairs = nvpairs(childElements(resource, 'utilization')[0]);
    if (pairs.size === 0 || (id !== undefined && attr(resource, 'id') !== id)) continue;
    context.print(` ${attr(resource, 'id')}: ${[...pairs].map(([name, value]) => `${name}=${value}`).join(' ')}`);
  }
}
