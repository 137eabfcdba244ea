import { attr, childElements, type Element } from '@sanode/xml';
import type { CibEditor } from '../cib-editor.ts';
import type { PcsContext } from '../context.ts';
import { fail, usage } from '../errors.ts';
import { updateOwnSet } from '../nvpairs.ts';
import { allResources, findResource, innerResource, isClone, primitivesOf, resourceParent } from '../resources.ts';
import { awaitIdle, runningOn } from '../wait.ts';
import { constraintsOf, dropFromConstraint } from './constraint.ts';

/** Longest wait for a resource that is to be deleted to stop, s. */
const stopWaitSeconds = 120;

/** `resource delete|remove R` (cli-pcs.md 10): constraints first, then the resource; on a running cluster it is stopped before. */
export async function deleteResource(context: PcsContext, words: readonly string[]): Promise<void> {
  const [id] = words;
  if (id === undefined || words.length > 1) usage();
  const editor = await context.cib();
  const found = findResource(editor, id) ?? fail(`Resource '${id}' does not exist.`);
  if (context.cibFile === undefined && !context.force) await stopFirst(context, found);
  const now = context.cibFile === undefined ? await context.cib() : editor;
  announce(context, found);
  remove(context, now, id);
  await context.save(now);
}

function announce(context: PcsContext, resource: Element): void {
  const id = attr(resource, 'id') as string;
  if (resource.name === 'group') {
    context.say(`Removing group: ${id} (and all resources within group)`);
    if (!context.force) context.say(`Stopping all resources in group: ${id}...`);
  }
  if (resource.name !== 'bundle') return;
  const inner = innerResource(resource);
  context.say(
    inner === undefined
      ? `Deleting bundle '${id}'`
      : `Deleting bundle '${id}' and its inner resource '${attr(inner, 'id')}'`,
  );
}

async function stopFirst(context: PcsContext, resource: Element): Promise<void> {
  const id = attr(resource, 'id') as string;
  const running = (
    await Promise.all(primitivesOf(resource).map((primitive) => runningOn(context, attr(primitive, 'id') as string)))
  ).flat();
  if (running.length === 0) return;
  await context.edit((editor) => {
    const target = findResource(editor, id) as Element;
    updateOwnSet(
      editor,
      target,
      'meta_attributes',
      `${id}-meta_attributes`,
      new Map([['target-role', 'Stopped']]),
      true,
    );
  });
  await awaitIdle(context, stopWaitSeconds, false);
  for (const primitive of primitivesOf(resource)) {
    const name = attr(primitive, 'id') as string;
    if ((await runningOn(context, name)).length > 0) {
      context.say(`Attempting to stop: ${name}... Failed`);
      fail(`Unable to stop: ${name} before deleting (re-run with --force to force deletion)`);
    }
    if (resource.name !== 'group') context.say(`Attempting to stop: ${name}... Stopped`);
  }
}

function remove(context: PcsContext, editor: CibEditor, id: string): void {
  const resource = findResource(editor, id) as Element;
  const parent = resourceParent(editor, resource);
  const top =
    parent !== undefined &&
    (isClone(parent) || (parent.name === 'group' && childElements(parent, 'primitive').length === 1))
      ? parent
      : resource;
  const wrapper = top.name === 'group' ? resourceParent(editor, top) : undefined;
  const doomed = wrapper !== undefined && isClone(wrapper) ? wrapper : top;
  const all = [doomed, ...allResources(doomed)].map((element) => attr(element, 'id') as string);
  dropConstraints(context, editor, all);
  dropReferences(editor, all);
  const members = primitivesOf(doomed).map((element) => attr(element, 'id') as string);
  editor.remove(findResource(editor, attr(doomed, 'id') as string) as Element);
  const isGroup =
    doomed.name === 'group' || doomed.children.some((child) => child.type === 'element' && child.name === 'group');
  for (const member of members) {
    const last = isGroup && member === members.at(-1);
    context.say(`Deleting Resource${last ? ' (and group)' : ''} - ${member}`);
  }
}

function dropConstraints(context: PcsContext, editor: CibEditor, ids: readonly string[]): void {
  const kinds = ['rsc_colocation', 'rsc_location', 'rsc_order', 'rsc_ticket'];
  for (const kind of kinds) {
    for (const id of ids) {
      for (const constraint of constraintsOf(editor, id).filter((candidate) => candidate.name === kind)) {
        const name = attr(constraint, 'id');
        if (dropFromConstraint(editor, constraint, id)) context.say(`Removing Constraint - ${name}`);
      }
    }
  }
}

/** Tags and access rules that name a resource which goes. */
function dropReferences(editor: CibEditor, ids: readonly string[]): void {
  for (;;) {
    const found = editor.find((candidate) => {
      const names =
        candidate.name === 'obj_ref'
          ? attr(candidate, 'id')
          : candidate.name === 'acl_permission'
            ? attr(candidate, 'reference')
            : undefined;
      return names !== undefined && ids.includes(names);
    });
    if (found === undefined) return;
    const parent = editor.parent(found) as Element;
    editor.remove(parent.name === 'tag' && childElements(parent, 'obj_ref').length === 1 ? parent : found);
  }
}
