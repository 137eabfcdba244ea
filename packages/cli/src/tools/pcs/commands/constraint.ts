import { attr, childElements, type Element, walk } from '@sanode/xml';
import type { CibEditor } from '../cib-editor.ts';
import { constraintLines, locationLines } from '../constraint-text.ts';
import type { Command, PcsContext } from '../context.ts';
import { compareText, fail, usage } from '../errors.ts';
import { isRuleExpired } from '../rule-expiry.ts';
import { addRule, parseRule } from '../rule-parser.ts';
import { addColocation, addOrder, addSet, addTicket } from './constraint-add.ts';
import { location, ruleAttributes, ruleOptions } from './constraint-location.ts';
import { removeConstraints } from './constraint-remove.ts';

const listOptions = ['f', 'full', 'all', 'no-expire-check'];
const editOptions = ['f', 'force', 'full', 'all', 'no-expire-check'];

/** The four kinds as they are listed. */
const kinds = [
  ['rsc_order', 'Ordering Constraints:'],
  ['rsc_colocation', 'Colocation Constraints:'],
  ['rsc_ticket', 'Ticket Constraints:'],
] as const;

/** All constraints, as `constraint` and `config` list them. */
export function allConstraintLines(
  editor: CibEditor,
  options: { ids: boolean; all: boolean; nowMs: number },
): string[] {
  const section = editor.section('constraints');
  const isExpired = (rule: Element): boolean => isRuleExpired(rule, options.nowMs);
  return [
    ...locationLines(section, { ids: options.ids, all: options.all, isExpired }),
    ...kinds.flatMap(([tag, heading]) => constraintLines(section, tag, heading, options.ids)),
  ];
}

async function listAll(context: PcsContext): Promise<void> {
  const options = { ids: context.has('full'), all: context.has('all'), nowMs: context.deps.nowMs() };
  for (const line of allConstraintLines(await context.cib(), options)) context.print(line);
}

async function listKind(context: PcsContext, tag: string): Promise<void> {
  const heading = kinds.find(([name]) => name === tag)?.[1] ?? '';
  for (const line of constraintLines((await context.cib()).section('constraints'), tag, heading, context.has('full'))) {
    context.print(line);
  }
}

async function rule(context: PcsContext, words: readonly string[]): Promise<void> {
  const [action, id, ...rest] = words;
  if (id === undefined) usage();
  const editor = await context.cib();
  if (action === 'add') {
    const constraint = editor.byId(id);
    if (constraint?.name !== 'rsc_location') fail(`Unable to find constraint: ${id}`);
    const { options, expression } = ruleOptions(rest);
    addRule(editor, constraint as Element, parseRule(expression), ruleAttributes(context, editor, options));
  } else if (action === 'remove' || action === 'delete') {
    const found = editor.byId(id);
    if (found?.name !== 'rule') fail(`Unable to find rule: ${id}`);
    const owner = editor.parent(found as Element) as Element;
    context.say(`Removing Rule: ${id}`);
    if (owner.name === 'rsc_location' && childElements(owner, 'rule').length === 1) {
      context.say(`Removing Constraint: ${attr(owner, 'id')}`);
      editor.remove(owner);
    } else {
      editor.remove(found as Element);
    }
  } else {
    usage();
  }
  await context.save(editor);
}

async function removeOrder(context: PcsContext, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) usage();
  const editor = await context.cib();
  let removed = false;
  for (const constraint of childElements(editor.section('constraints'))) {
    const involved =
      constraint.name === 'rsc_order' &&
      ids.some((id) => attr(constraint, 'first') === id || attr(constraint, 'then') === id);
    const next = involved ? null : withoutMembers(constraint, ids);
    if (next === constraint) continue;
    if (constraint.name === 'rsc_order') removed = true;
    editor.replace(constraint, next);
  }
  if (!removed) fail('No matching resources found in ordering list');
  await context.save(editor);
}

/** A constraint without these resources in its sets; null when nothing is left of it. */
function withoutMembers(constraint: Element, ids: readonly string[]): Element | null {
  let changed = false;
  const children = constraint.children.flatMap((child) => {
    if (child.type !== 'element' || child.name !== 'resource_set') return [child];
    const kept = child.children.filter((ref) => ref.type !== 'element' || !ids.includes(attr(ref, 'id') ?? ''));
    if (kept.length === child.children.length) return [child];
    changed = true;
    return kept.length === 0 ? [] : [{ ...child, children: kept }];
  });
  if (!changed) return constraint;
  return children.length === 0 ? null : { ...constraint, children };
}

async function removePair(
  context: PcsContext,
  words: readonly string[],
  tag: string,
  names: [string, string],
): Promise<void> {
  const [first, second] = words;
  if (first === undefined || second === undefined || words.length > 2) usage();
  const editor = await context.cib();
  const found = childElements(editor.section('constraints'), tag).filter((constraint) => {
    const pair = [attr(constraint, names[0]), attr(constraint, names[1])];
    return (
      (pair[0] === first && pair[1] === second) || (tag === 'rsc_colocation' && pair[0] === second && pair[1] === first)
    );
  });
  if (found.length === 0) fail('No matching resources found in ordering list');
  for (const constraint of found) editor.remove(constraint);
  await context.save(editor);
}

async function references(context: PcsContext, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) usage();
  const editor = await context.cib();
  for (const id of ids) {
    context.print(`Resource: ${id}`);
    const found = constraintsOf(editor, id).map((constraint) => attr(constraint, 'id') ?? '');
    for (const constraint of found.length === 0 ? ['No Matches'] : found.sort(compareText))
      context.print(`  ${constraint}`);
  }
}

/** Constraints that name a resource. */
export function constraintsOf(editor: CibEditor, id: string): Element[] {
  const names = ['rsc', 'with-rsc', 'first', 'then'];
  return childElements(editor.section('constraints')).filter((constraint) =>
    [...walk(constraint)].some(
      (part) =>
        names.some((name) => attr(part, name) === id) || (part.name === 'resource_ref' && attr(part, 'id') === id),
    ),
  );
}

/** Takes a resource out of a constraint's sets; the constraint goes when nothing is left. */
export function dropFromConstraint(editor: CibEditor, constraint: Element, id: string): boolean {
  const next = withoutMembers(constraint, [id]);
  if (next !== null && next !== constraint) {
    editor.replace(constraint, next);
    return false;
  }
  editor.remove(constraint);
  return true;
}

function byVerb(tag: 'rsc_colocation' | 'rsc_order' | 'rsc_ticket') {
  return async (context: PcsContext, words: readonly string[]): Promise<void> => {
    const [verb, ...rest] = words;
    if (verb === undefined || verb === 'config' || verb === 'show' || verb === 'list') return listKind(context, tag);
    if (verb === 'set') return addSet(context, tag, rest);
    if (tag === 'rsc_order') {
      if (verb === 'remove' || verb === 'delete') return removeOrder(context, rest);
      return addOrder(context, verb === 'add' ? rest : words);
    }
    const names: [string, string] = tag === 'rsc_ticket' ? ['ticket', 'rsc'] : ['rsc', 'with-rsc'];
    if (verb === 'remove' || verb === 'delete') return removePair(context, rest, tag, names);
    if (verb !== 'add') usage();
    return tag === 'rsc_ticket' ? addTicket(context, rest) : addColocation(context, rest);
  };
}

async function listOld(context: PcsContext): Promise<void> {
  context.deprecated("This command is deprecated and will be removed. Please use 'pcs constraint config' instead.");
  await listAll(context);
}

/** `pcs constraint …` (cli-pcs.md 11). */
export const constraintCommands: Readonly<Record<string, Command>> = {
  config: {
    options: listOptions,
    usage: '    [config] [--full] [--all]\n        List all constraints.\n',
    run: listAll,
  },
  list: { options: listOptions, usage: '    list [--full]\n', run: listOld },
  show: { options: listOptions, usage: '    show [--full]\n', run: listOld },
  location: {
    options: editOptions,
    usage: `    location <resource> prefers|avoids <node>[=<score>] ...
    location <resource> rule [id=<rule id>] [role=<role>] [score=<score>] <expression>
    location add <id> <resource> <node> <score> [resource-discovery=<option>]
    location [config [resources <resource> ...]] [--full]
`,
    run: location,
  },
  order: {
    options: editOptions,
    usage: `    order [action] <resource id> then [action] <resource id> [options]
    order set <resource1> [resourceN]... [options] [set ...] [setoptions <options>]
    order remove <resource1> [resourceN]...
    order [config] [--full]
`,
    run: byVerb('rsc_order'),
  },
  colocation: {
    options: editOptions,
    usage: `    colocation add [<role>] <source resource id> with [<role>]
                   <target resource id> [score] [options] [id=constraint-id]
    colocation set <resource1> [resourceN]... [options] [set ...] [setoptions <options>]
    colocation remove <source resource id> <target resource id>
    colocation [config] [--full]
`,
    run: byVerb('rsc_colocation'),
  },
  ticket: {
    options: editOptions,
    usage: '    ticket add <ticket> [<role>] <resource id> [<options>]\n    ticket set|remove|config ...\n',
    run: byVerb('rsc_ticket'),
  },
  remove: { options: ['f'], usage: '    remove <constraint id>...\n', run: removeConstraints },
  delete: { options: ['f'], usage: '    delete <constraint id>...\n', run: removeConstraints },
  ref: {
    options: ['f'],
    usage: '    ref <resource>...\n        List constraints referencing a resource.\n',
    run: references,
  },
  rule: {
    options: ['f'],
    usage: '    rule add <constraint id> [options] <expression>\n    rule remove <rule id>\n',
    run: rule,
  },
};
