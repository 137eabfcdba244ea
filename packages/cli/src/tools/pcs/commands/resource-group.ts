import { attr, childElements, type Element, element, withChildren } from '@sanode/xml';
import { type CibEditor, idProblem } from '../cib-editor.ts';
import type { PcsContext } from '../context.ts';
import { fail, Reports, usage } from '../errors.ts';
import { allResources, findResource, isClone, resourceParent } from '../resources.ts';
import { awaitRunning, waitSeconds } from '../wait.ts';
import { withMember } from './resource-create.ts';
import { mustFind } from './resource-edit.ts';

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
