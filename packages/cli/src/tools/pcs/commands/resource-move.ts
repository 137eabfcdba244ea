import { schedule } from '@sanode/scheduler';
import { attr, childElements, type Element, element } from '@sanode/xml';
import { parseOptions } from '../arguments.ts';
import type { CibEditor } from '../cib-editor.ts';
import type { PcsContext } from '../context.ts';
import { fail, PcsError, unableToContinue, usage } from '../errors.ts';
import { findResource, primitivesOf } from '../resources.ts';
import { awaitIdle, awaitRunning, runningOn, waitSeconds } from '../wait.ts';
import { schemaRole } from './constraint-add.ts';

interface Target {
  readonly id: string;
  readonly node: string | undefined;
  readonly promoted: boolean;
}

function parse(context: PcsContext, words: readonly string[]): Target {
  const [id, ...rest] = words;
  if (id === undefined) usage();
  const nodes = rest.filter((word) => !word.includes('='));
  const options = parseOptions(rest.filter((word) => word.includes('=')));
  if (nodes.length > 1) usage();
  for (const name of options.keys())
    if (name !== 'lifetime') fail(`invalid option '${name}', allowed option is 'lifetime'`);
  if (options.has('lifetime')) fail('lifetime of a move constraint is not available yet');
  if (context.has('master'))
    context.deprecated("Option '--master' is deprecated and has been replaced by option '--promoted' ");
  return { id, node: nodes[0], promoted: context.has('master') || context.has('promoted') };
}

function checkTarget(editor: CibEditor, target: Target): void {
  if (findResource(editor, target.id) === undefined) {
    throw new PcsError([`bundle/clone/group/resource '${target.id}' does not exist`, unableToContinue]);
  }
  const known = childElements(editor.section('nodes'), 'node').map((node) => attr(node, 'uname'));
  if (target.node !== undefined && !known.includes(target.node)) {
    throw new PcsError([`Node '${target.node}' does not exist`, unableToContinue]);
  }
}

/** Adds `cli-prefer-R`, or `cli-ban-R-on-N`; an older one of that id is replaced. */
function addConstraint(editor: CibEditor, target: Target, kind: 'prefer' | 'ban', node: string): string {
  const id = kind === 'prefer' ? `cli-prefer-${target.id}` : `cli-ban-${target.id}-on-${node}`;
  const old = editor.byId(id);
  if (old !== undefined) editor.remove(old);
  const role = target.promoted ? schemaRole(editor, 'Promoted') : 'Started';
  const score = kind === 'prefer' ? 'INFINITY' : '-INFINITY';
  editor.append(
    editor.ensureSection('constraints'),
    element('rsc_location', { id, rsc: target.id, role, node, score }),
  );
  return id;
}

/** The node to ban when none is named: the only one where the resource runs. */
async function currentNode(context: PcsContext, target: Target): Promise<string> {
  const nodes = context.cibFile === undefined ? await runningOn(context, target.id) : [];
  if (nodes.length === 0) fail('You must specify a node when moving/banning a stopped resource');
  if (nodes.length > 1)
    fail(`resource '${target.id}' runs on several nodes (${nodes.join(', ')}), you must specify one`);
  return nodes[0] as string;
}

/** `resource ban R [N]`. */
export async function ban(context: PcsContext, words: readonly string[]): Promise<void> {
  const target = parse(context, words);
  const wait = waitSeconds(context);
  const editor = await context.cib();
  checkTarget(editor, target);
  const node = target.node ?? (await currentNode(context, target));
  const id = addConstraint(editor, target, 'ban', node);
  const what = target.promoted ? 'being promoted' : 'running';
  context.warn(
    [
      `Creating location constraint '${id}' with a score of -INFINITY for resource ${target.id} on ${node}.`,
      `\tThis will prevent ${target.id} from ${what} on ${node} until the constraint is removed`,
      `\tThis will be the case even if ${node} is the last node in the cluster`,
    ].join('\n'),
  );
  await context.save(editor);
  if (wait !== undefined) await awaitRunning(context, target.id, wait, true);
}

/** `resource move-with-constraint R [N]`, and `resource move` of pcs 0.9: the constraint stays. */
export async function moveWithConstraint(context: PcsContext, words: readonly string[]): Promise<void> {
  const target = parse(context, words);
  const wait = waitSeconds(context);
  const editor = await context.cib();
  checkTarget(editor, target);
  if (target.node === undefined) addConstraint(editor, target, 'ban', await currentNode(context, target));
  else addConstraint(editor, target, 'prefer', target.node);
  context.warn(
    `A move constraint has been created and the resource '${target.id}' may or may not move depending on other configuration`,
  );
  await context.save(editor);
  if (wait !== undefined) await awaitRunning(context, target.id, wait, true);
}

/** `resource move R [N]`: moves the resource, then takes the constraint away again (cli-pcs.md 10). */
export async function move(context: PcsContext, words: readonly string[]): Promise<void> {
  const target = parse(context, words);
  const wait = waitSeconds(context);
  const editor = await context.cib();
  checkTarget(editor, target);
  const before = await runningOn(context, target.id);
  if (before.length === 0) fail(`cannot move resource '${target.id}', it is not running`);
  if (target.node !== undefined && before.includes(target.node) && before.length === 1) {
    fail(
      `cannot move resource '${target.id}'\ncrm_resource: Error performing operation: Requested item already exists`,
    );
  }
  const id =
    target.node === undefined
      ? addConstraint(editor, target, 'ban', await currentNode(context, target))
      : addConstraint(editor, target, 'prefer', target.node);
  checkPlacement(context, editor, target, before);
  await context.save(editor);
  context.say(`Location constraint to move resource '${target.id}' has been created`);
  const problem = await moved(context, target, before, wait ?? 0);
  await context.edit((now) => {
    const constraint = now.byId(id);
    if (constraint !== undefined) now.remove(constraint);
  });
  context.say(`Location constraint created to move resource '${target.id}' has been removed`);
  if (problem !== undefined) fail(problem);
  await awaitRunning(context, target.id, wait ?? 0, true);
}

/** Nodes that the scheduler would give a resource's primitives in a document. */
function placement(context: PcsContext, root: Element, editor: CibEditor, id: string): string[] {
  const { placement: all } = schedule(root, { nowMs: context.deps.nowMs() });
  const resource = findResource(editor, id) as Element;
  const found = primitivesOf(resource).flatMap((primitive) => all.get(attr(primitive, 'id') as string) ?? []);
  return [...new Set(found)].sort();
}

/** Would the constraint move the resource, and would it stay when the constraint goes? @throws {PcsError} if not */
function checkPlacement(context: PcsContext, editor: CibEditor, target: Target, before: readonly string[]): void {
  const resource = findResource(editor, target.id) as Element;
  if (resource.name === 'clone' || resource.name === 'master') return;
  const after = placement(context, editor.root, editor, target.id);
  const arrives =
    target.node === undefined
      ? after.length > 0 && !before.some((node) => after.includes(node))
      : after.includes(target.node);
  if (!arrives) {
    const where = after.length === 0 ? 'it could run nowhere' : `it would be on '${after.join("', '")}'`;
    fail(
      `Unable to move resource '${target.id}'${target.node === undefined ? '' : ` to '${target.node}'`}: with a constraint for the move, ${where}; its stickiness or other constraints outweigh it. Nothing was changed`,
    );
  }
}

/** Waits for the move. @returns what went wrong */
async function moved(
  context: PcsContext,
  target: Target,
  before: readonly string[],
  seconds: number,
): Promise<string | undefined> {
  try {
    await awaitIdle(context, seconds);
  } catch (error) {
    if (error instanceof PcsError) return error.lines.join('\n');
    throw error;
  }
  const after = await runningOn(context, target.id);
  const arrived =
    target.node === undefined ? after.some((node) => !before.includes(node)) : after.includes(target.node);
  return arrived ? undefined : `Unable to move resource '${target.id}'`;
}

/** `resource clear R [N]`: removes what move and ban left. */
export async function clear(context: PcsContext, words: readonly string[]): Promise<void> {
  const target = parse(context, words);
  if (context.has('expired')) fail('option --expired is not available yet');
  const wait = waitSeconds(context);
  const editor = await context.cib();
  checkTarget(editor, { ...target, node: undefined });
  for (const constraint of childElements(editor.section('constraints'), 'rsc_location')) {
    const id = attr(constraint, 'id') ?? '';
    const prefer = id === `cli-prefer-${target.id}` || id === `cli-standby-${target.id}`;
    const banned = id.startsWith(`cli-ban-${target.id}-on-`);
    if (!prefer && !banned) continue;
    if (target.node !== undefined && attr(constraint, 'node') !== target.node) continue;
    context.say(`Removing constraint: ${id}`);
    editor.remove(constraint);
  }
  await context.save(editor);
  if (wait !== undefined) await awaitRunning(context, target.id, wait, true);
}
