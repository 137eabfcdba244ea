import { attr, childElements, type Element, element, walk } from '@sanode/xml';
import { isScore, parseOptions } from '../arguments.ts';
import { type CibEditor, idProblem, sanitizeId } from '../cib-editor.ts';
import { locationLines } from '../constraint-text.ts';
import type { PcsContext } from '../context.ts';
import { fail, usage } from '../errors.ts';
import { isRuleExpired } from '../rule-expiry.ts';
import { addRule, parseRule } from '../rule-parser.ts';
import { constrainable, roleName, schemaRole, warnDash } from './constraint-add.ts';
import { removeConstraints } from './constraint-remove.ts';

/** `constraint location …`. */
export async function location(context: PcsContext, words: readonly string[]): Promise<void> {
  const [first, ...rest] = words;
  if (first === undefined || first === 'config' || first === 'show') return listLocations(context, rest);
  if (first === 'add') return addLocation(context, rest);
  if (first === 'remove' || first === 'delete') return removeConstraints(context, rest);
  const [verb, ...tail] = rest;
  if (verb === 'rule') return addLocationRule(context, first, tail);
  if ((verb !== 'prefers' && verb !== 'avoids') || tail.length === 0) usage();
  return preferNodes(context, first, verb === 'avoids', tail);
}

async function listLocations(context: PcsContext, words: readonly string[]): Promise<void> {
  const only = words[0] === 'resources' && words.length > 1 ? words.slice(1) : undefined;
  if (words[0] === 'nodes')
    fail("listing location constraints by node is not available yet, use 'pcs constraint location config'");
  const isExpired = (rule: Element): boolean => isRuleExpired(rule, context.deps.nowMs());
  const options = {
    ids: context.has('full'),
    all: context.has('all'),
    isExpired,
    ...(only === undefined ? {} : { only }),
  };
  for (const line of locationLines((await context.cib()).section('constraints'), options)) context.print(line);
}

/** What a location constraint is about: `ID`, `resource%ID` or `regexp%RE`. */
function subject(
  context: PcsContext,
  editor: CibEditor,
  text: string,
): { attributes: Record<string, string>; name: string } {
  if (text.startsWith('regexp%')) {
    const pattern = text.slice('regexp%'.length);
    return { attributes: { 'rsc-pattern': pattern }, name: pattern };
  }
  const id = text.startsWith('resource%') ? text.slice('resource%'.length) : text;
  constrainable(context, editor, id);
  return { attributes: { rsc: id }, name: id };
}

async function preferNodes(
  context: PcsContext,
  target: string,
  avoid: boolean,
  words: readonly string[],
): Promise<void> {
  const editor = await context.cib();
  checkNodesExist(
    context,
    editor,
    words.map((word) => word.split('=')[0] as string),
  );
  const about = subject(context, editor, target);
  for (const word of words) {
    const equals = word.indexOf('=');
    const node = equals < 0 ? word : word.slice(0, equals);
    const given = equals < 0 ? 'INFINITY' : word.slice(equals + 1);
    if (!isScore(given)) fail(`invalid score '${given}', use integer or INFINITY or -INFINITY`);
    const score = avoid ? negated(given) : given;
    addLocationElement(editor, undefined, about, { node, score });
  }
  await context.save(editor);
}

function negated(score: string): string {
  return score.startsWith('-') ? score.slice(1) : `-${score.replace(/^\+/, '')}`;
}

async function addLocation(context: PcsContext, words: readonly string[]): Promise<void> {
  const [id, target, node, score, ...options] = words;
  if (id === undefined || target === undefined || node === undefined || score === undefined) usage();
  const editor = await context.cib();
  checkNodesExist(context, editor, [node]);
  if (!isScore(score)) fail(`invalid score '${score}', use integer or INFINITY or -INFINITY`);
  if (score.startsWith('-')) warnDash(context, score);
  const extra = parseOptions(options);
  const discovery = extra.get('resource-discovery');
  for (const name of extra.keys())
    if (name !== 'resource-discovery') fail(`bad option '${name}', allowed option is: 'resource-discovery'`);
  if (discovery !== undefined && !['always', 'exclusive', 'never'].includes(discovery) && !context.force) {
    fail(
      `invalid resource-discovery value '${discovery}', allowed values are: 'always', 'exclusive', 'never', use --force to override`,
    );
  }
  addLocationElement(editor, id, subject(context, editor, target), { node, score, 'resource-discovery': discovery });
  await context.save(editor);
}

function addLocationElement(
  editor: CibEditor,
  givenId: string | undefined,
  about: { attributes: Record<string, string>; name: string },
  attributes: { node: string; score: string; 'resource-discovery'?: string | undefined },
): void {
  if (givenId !== undefined) {
    const problem = idProblem(givenId, 'constraint id');
    if (problem !== undefined) fail(problem);
    const present = editor.byId(givenId);
    if (present !== undefined && present.name !== 'rsc_location') fail(`id '${givenId}' is already in use`);
    if (present !== undefined) editor.remove(present);
  } else {
    // The same wish about the same node replaces the older one.
    for (const present of childElements(editor.section('constraints'), 'rsc_location')) {
      const same = Object.entries(about.attributes).every(([name, value]) => attr(present, name) === value);
      if (same && attr(present, 'node') === attributes.node && attr(present, 'role') === undefined)
        editor.remove(present);
    }
  }
  const id = givenId ?? editor.uniqueId(sanitizeId(`location-${about.name}-${attributes.node}-${attributes.score}`));
  editor.append(
    editor.ensureSection('constraints'),
    element('rsc_location', { ...about.attributes, ...attributes, id }),
  );
}

/** Warns with `-f`; refuses unknown nodes on a running cluster. */
function checkNodesExist(context: PcsContext, editor: CibEditor, nodes: readonly string[]): void {
  if (context.cibFile !== undefined) {
    context.warn('Validation for node existence in the cluster will be skipped');
    return;
  }
  if (context.force) return;
  const known = new Set(childElements(editor.section('nodes'), 'node').map((node) => attr(node, 'uname')));
  for (const node of walk(editor.section('resources'))) {
    if (attr(node, 'name') === 'remote-node') known.add(attr(node, 'value'));
    if (node.name === 'primitive' && attr(node, 'type') === 'remote') known.add(attr(node, 'id'));
  }
  for (const node of nodes) {
    if (!known.has(node)) fail(`Node '${node}' does not seem to exist in the cluster, use --force to override`);
  }
}

async function addLocationRule(context: PcsContext, target: string, words: readonly string[]): Promise<void> {
  const { options, expression } = ruleOptions(words);
  const editor = await context.cib();
  const about = subject(context, editor, target);
  const given = options.get('constraint-id');
  if (given !== undefined && editor.byId(given) !== undefined)
    fail(`id '${given}' is already in use, please specify another one`);
  const id = given ?? editor.uniqueId(sanitizeId(`location-${about.name}`));
  const discovery = options.get('resource-discovery');
  const attributes = { id, ...about.attributes, 'resource-discovery': discovery };
  const constraint = editor.append(editor.ensureSection('constraints'), element('rsc_location', attributes));
  addRule(editor, constraint, parseRule(expression), ruleAttributes(context, editor, options));
  await context.save(editor);
}

/** Options in front of a rule's expression, and the expression. */
export function ruleOptions(words: readonly string[]): { options: Map<string, string>; expression: readonly string[] } {
  const names = ['id', 'constraint-id', 'resource-discovery', 'role', 'score', 'score-attribute'];
  const end = words.findIndex((word) => !names.includes(word.split('=')[0] ?? '') || !word.includes('='));
  const options = parseOptions(end < 0 ? words : words.slice(0, end));
  if (end < 0) usage();
  return { options, expression: words.slice(end) };
}

/** Attributes of a new rule. @throws {PcsError} when they contradict each other */
export function ruleAttributes(
  context: PcsContext,
  editor: CibEditor,
  options: ReadonlyMap<string, string>,
): Record<string, string | undefined> {
  const score = options.get('score');
  const scoreAttribute = options.get('score-attribute');
  if (score !== undefined && scoreAttribute !== undefined) fail('can not specify both score and score-attribute');
  if (score !== undefined && !isScore(score)) fail(`invalid score '${score}', use integer or INFINITY or -INFINITY`);
  const id = options.get('id');
  if (id !== undefined && editor.byId(id) !== undefined)
    fail(`id '${id}' is already in use, please specify another one`);
  const role = options.get('role');
  return {
    id,
    role: role === undefined ? undefined : schemaRole(editor, roleName(context, role)),
    ...(scoreAttribute === undefined ? { score: score ?? 'INFINITY' } : { 'score-attribute': scoreAttribute }),
  };
}
