import { attr, childElements, type Element, element, withAttributes } from '@sanode/xml';
import { describeAgent } from '../agents.ts';
import { groupByKeywords, parseOptions, seconds } from '../arguments.ts';
import type { CibEditor } from '../cib-editor.ts';
import type { PcsContext } from '../context.ts';
import { fail, Reports, usage } from '../errors.ts';
import { nvpairs, updateOwnSet } from '../nvpairs.ts';
import { operationElement, parseOperations, validateOperations } from '../operations.ts';
import { allResources, findResource, innerResource, isClone, primitivesOf, resourceParent } from '../resources.ts';
import { awaitRunning, waitSeconds } from '../wait.ts';
import { constraintsOf, dropFromConstraint } from './constraint.ts';
import { askAgent, cloneOf, validateParameters } from './resource-create.ts';

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
