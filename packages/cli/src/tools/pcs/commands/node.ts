import { attr, childElements, type Element } from '@sanode/xml';
import { parseOptions } from '../arguments.ts';
import type { CibEditor } from '../cib-editor.ts';
import type { Command, PcsContext } from '../context.ts';
import { fail, Reports } from '../errors.ts';
import { nvpairs, updateOwnSet } from '../nvpairs.ts';
import { awaitIdle, waitSeconds } from '../wait.ts';
import { ownNodeName } from './status.ts';

function nodeOf(editor: CibEditor, name: string): Element | undefined {
  return childElements(editor.section('nodes'), 'node').find((node) => attr(node, 'uname') === name);
}

/** Sets (undefined: removes) an attribute of nodes: those named, all of them (--all), or this one. */
export async function setNodeMode(
  context: PcsContext,
  words: readonly string[],
  name: string,
  value: string,
): Promise<void> {
  if (context.has('all') && words.length > 0) fail("Cannot specify both '--all' and a list of nodes");
  const wait = waitSeconds(context);
  const editor = await context.cib();
  const all = childElements(editor.section('nodes'), 'node').map((node) => attr(node, 'uname') ?? '');
  if (words.length === 0 && !context.has('all') && context.cibFile !== undefined)
    fail('Node(s) must be specified if -f is used');
  const names = context.has('all') ? all : words.length > 0 ? words : [await ownNodeName(context)];
  const missing = names.filter((node) => !all.includes(node));
  if (missing.length > 0) {
    const reports = new Reports(false, () => {});
    for (const node of missing) reports.error(`Node '${node}' does not appear to exist in configuration`);
    if (missing.length > 1) reports.finish();
    fail(`Node '${missing[0]}' does not appear to exist in configuration`);
  }
  for (const node of names) setNodeAttribute(editor, node, 'instance_attributes', new Map([[name, value]]));
  await context.save(editor);
  if (wait !== undefined) await awaitIdle(context, wait);
}

function setNodeAttribute(editor: CibEditor, name: string, tag: string, options: ReadonlyMap<string, string>): void {
  const node = nodeOf(editor, name) ?? fail(`Node '${name}' does not appear to exist in configuration`);
  const id = `nodes-${attr(node, 'id')}${tag === 'utilization' ? '-utilization' : ''}`;
  updateOwnSet(editor, node, tag, id, options);
}

async function attributes(context: PcsContext, words: readonly string[]): Promise<void> {
  const [name, ...rest] = words;
  if (name === undefined || rest.length === 0) return list(context, 'instance_attributes', 'Node Attributes:', name);
  const options = parseOptions(rest);
  const editor = await context.cib();
  if (nodeOf(editor, name) === undefined) {
    const [first] = options.keys();
    fail(`unable to set attribute ${first}\ncrm_attribute: Could not map name=${name} to a UUID\n`);
  }
  setNodeAttribute(editor, name, 'instance_attributes', options);
  await context.save(editor);
}

async function utilization(context: PcsContext, words: readonly string[]): Promise<void> {
  const [name, ...rest] = words;
  if (name === undefined || rest.length === 0) return list(context, 'utilization', 'Node Utilization:', name);
  const options = parseOptions(rest);
  for (const [key, value] of options) {
    if (!/^[+-]?\d*$/.test(value)) fail(`Value of utilization attribute '${key}' must be an integer: '${value}'`);
  }
  await context.edit((editor) => setNodeAttribute(editor, name, 'utilization', options));
}

async function list(context: PcsContext, tag: string, heading: string, only: string | undefined): Promise<void> {
  const editor = await context.cib();
  if (only !== undefined && nodeOf(editor, only) === undefined) fail(`Unable to find a node: ${only}`);
  const wanted = context.option('name');
  context.print(heading);
  for (const node of childElements(editor.section('nodes'), 'node')) {
    const uname = attr(node, 'uname');
    if (only !== undefined && uname !== only) continue;
    const pairs = childElements(node, tag).flatMap((set) => [...nvpairs(set)]);
    const shown = pairs.filter(([key]) => wanted === undefined || key === wanted).sort(([a], [b]) => (a < b ? -1 : 1));
    if (shown.length > 0) context.print(` ${uname}: ${shown.map(([key, value]) => `${key}=${value}`).join(' ')}`);
  }
}

function mode(name: string, value: string, what: string): Command {
  return {
    options: ['f', 'all', 'wait'],
    usage: `    ${what} [--all | <node>...] [--wait[=n]]\n`,
    run: (context, words) => setNodeMode(context, words, name, value),
  };
}

/** `pcs node …` (cli-pcs.md 13). */
export const nodeCommands: Readonly<Record<string, Command>> = {
  standby: mode('standby', 'on', 'standby'),
  unstandby: mode('standby', '', 'unstandby'),
  maintenance: mode('maintenance', 'on', 'maintenance'),
  unmaintenance: mode('maintenance', '', 'unmaintenance'),
  attribute: {
    options: ['f', 'force', 'name'],
    usage: '    attribute [[<node>] [--name <name>] | <node> <name>=<value> ...]\n',
    run: attributes,
  },
  utilization: {
    options: ['f', 'force', 'name'],
    usage: '    utilization [[<node>] [--name <name>] | <node> <name>=<value> ...]\n',
    run: utilization,
  },
};
