import { attr, childElements, type Element, element } from '@sanode/xml';
import { groupByKeywords, isScore, parseOptions } from '../arguments.ts';
import { type CibEditor, idProblem, sanitizeId } from '../cib-editor.ts';
import { constraintText } from '../constraint-text.ts';
import type { PcsContext } from '../context.ts';
import { compareText, fail, usage } from '../errors.ts';
import { findResource, isClone, resourceParent } from '../resources.ts';

const actions = new Set(['start', 'stop', 'promote', 'demote']);
const roles: Readonly<Record<string, string>> = {
  started: 'Started',
  stopped: 'Stopped',
  promoted: 'Promoted',
  unpromoted: 'Unpromoted',
  master: 'Promoted',
  slave: 'Unpromoted',
};

/** Roles as words of a command; the old names with a warning. @throws {PcsError} for none of them */
export function roleName(context: PcsContext, word: string): string {
  const role = roles[word.toLowerCase()];
  if (role === undefined) {
    fail(`invalid role value '${word}', allowed values are: 'Promoted', 'Started', 'Stopped', 'Unpromoted'`);
  }
  if (/^(master|slave)$/i.test(word)) {
    context.deprecated(`Role value '${word}' is deprecated and should not be used, use '${role}' instead`);
  }
  return role;
}

/** Role as the document's schema writes it: the new names exist from pacemaker-3.7 on. */
export function schemaRole(editor: CibEditor, role: string): string {
  const match = /^pacemaker-(\d+)\.(\d+)$/.exec(attr(editor.root, 'validate-with') ?? '');
  const old = match !== null && (Number(match[1]) < 3 || (Number(match[1]) === 3 && Number(match[2]) < 7));
  return !old ? role : role === 'Promoted' ? 'Master' : role === 'Unpromoted' ? 'Slave' : role;
}

/** A resource that a constraint may name. @throws {PcsError} when it does not exist or is inside a clone */
export function constrainable(context: PcsContext, editor: CibEditor, id: string): void {
  const resource = findResource(editor, id);
  if (resource === undefined) fail(`Resource '${id}' does not exist`);
  if (context.force) return;
  for (let at = resourceParent(editor, resource); at !== undefined; at = resourceParent(editor, at)) {
    if (!isClone(at) && at.name !== 'bundle') continue;
    const what = at.name === 'bundle' ? 'bundle' : 'clone';
    fail(
      `${id} is a ${what} resource, you should use the ${what} id: ${attr(at, 'id')} when adding constraints. Use --force to override.`,
    );
  }
}

/** `constraint colocation add [ROLE] A with [ROLE] B [SCORE] [options]`. */
export async function addColocation(context: PcsContext, words: readonly string[]): Promise<void> {
  const separator = words.indexOf('with');
  if (separator < 1 || separator > 2) usage();
  const [resource, role] = withRole(context, words.slice(0, separator));
  const rest = words.slice(separator + 1);
  const second =
    rest[0] !== undefined &&
    rest[0].toLowerCase() in roles &&
    rest[1] !== undefined &&
    !rest[1].includes('=') &&
    !isScore(rest[1]);
  const [other, otherRole] = withRole(context, rest.slice(0, second ? 2 : 1));
  const tail = rest.slice(second ? 2 : 1);
  const positional = tail[0] !== undefined && !tail[0].includes('=') ? tail[0] : undefined;
  const options = parseOptions(positional === undefined ? tail : tail.slice(1));
  const score = positional ?? options.get('score') ?? 'INFINITY';
  options.delete('score');
  if (!isScore(score)) fail(`invalid score '${score}', use integer or INFINITY or -INFINITY`);
  const editor = await context.cib();
  constrainable(context, editor, resource);
  constrainable(context, editor, other);
  if (positional?.startsWith('-') === true) warnDash(context, positional);
  const bothRoles = role !== undefined || otherRole !== undefined;
  const id = chosenId(editor, options, `colocation-${resource}-${other}-${positional ?? 'INFINITY'}`);
  allow(options, ['influence', 'id', 'node-attribute']);
  options.delete('id');
  refuseDuplicate(context, editor, 'rsc_colocation', (present) => {
    const same = attr(present, 'rsc') === resource && attr(present, 'with-rsc') === other;
    const roleOf = (name: string): string => attr(present, name) ?? 'Started';
    return same && roleOf('rsc-role') === (role ?? 'Started') && roleOf('with-rsc-role') === (otherRole ?? 'Started');
  });
  const constraint = element('rsc_colocation', {
    rsc: resource,
    'rsc-role': bothRoles ? schemaRole(editor, role ?? 'Started') : undefined,
    'with-rsc': other,
    'with-rsc-role': bothRoles ? schemaRole(editor, otherRole ?? 'Started') : undefined,
    score,
    ...Object.fromEntries(options),
    id,
  });
  editor.append(editor.ensureSection('constraints'), constraint);
  await context.save(editor);
}

function withRole(context: PcsContext, words: readonly string[]): [string, string | undefined] {
  const [first, second] = words;
  if (first === undefined || first.includes('=')) usage();
  return second === undefined ? [first, undefined] : [second, roleName(context, first)];
}

export function warnDash(context: PcsContext, word: string): void {
  context.deprecated(
    `Using '${word}' without '--' is deprecated, those parameters will be considered position independent options in future pcs versions`,
  );
}

function chosenId(editor: CibEditor, options: ReadonlyMap<string, string>, base: string): string {
  const given = options.get('id');
  if (given === undefined) return editor.uniqueId(sanitizeId(base));
  const problem = idProblem(given, 'constraint id');
  if (problem !== undefined) fail(problem);
  if (editor.byId(given) !== undefined) fail(`id '${given}' is already in use, please specify another one`);
  return given;
}

function allow(options: ReadonlyMap<string, string>, allowed: readonly string[]): void {
  for (const name of options.keys()) {
    if (!allowed.includes(name))
      fail(
        `invalid option '${name}', allowed options are: ${allowed
          .map((known) => `'${known}'`)
          .sort()
          .join(', ')}`,
      );
  }
}

function refuseDuplicate(
  context: PcsContext,
  editor: CibEditor,
  tag: string,
  same: (present: Element) => boolean,
): void {
  if (context.force) return;
  const found = childElements(editor.section('constraints'), tag).filter(
    (present) => childElements(present, 'resource_set').length === 0 && same(present),
  );
  if (found.length === 0) return;
  const lines = found.map((present) => `  ${constraintText(present, true)}`);
  fail(['duplicate constraint already exists, use --force to override', ...lines].join('\n'));
}

/** `constraint order [ACTION] A then [ACTION] B [options]`. */
export async function addOrder(context: PcsContext, words: readonly string[]): Promise<void> {
  const separator = words.indexOf('then');
  if (separator < 1 || separator > 2) usage();
  const [first, firstAction] = withAction(words.slice(0, separator));
  const rest = words.slice(separator + 1);
  const two = rest[0] !== undefined && actions.has(rest[0]) && rest[1] !== undefined && !rest[1].includes('=');
  const [then, thenAction] = withAction(rest.slice(0, two ? 2 : 1));
  const options = parseOptions(rest.slice(two ? 2 : 1));
  const editor = await context.cib();
  constrainable(context, editor, first);
  constrainable(context, editor, then);
  allow(options, ['kind', 'symmetrical', 'require-all', 'id', 'score']);
  const kind = options.get('kind');
  const known = ['Mandatory', 'Optional', 'Serialize'].find((name) => name.toLowerCase() === kind?.toLowerCase());
  if (kind !== undefined && known === undefined) {
    fail(`invalid kind value '${kind}', allowed values are: 'Mandatory', 'Optional', 'Serialize'`);
  }
  for (const name of ['symmetrical', 'require-all']) {
    const value = options.get(name);
    if (value !== undefined && !/^(true|false|1|0|yes|no|on|off)$/i.test(value))
      fail(`invalid ${name} value '${value}', allowed values are: 'true', 'false'`);
  }
  const actionOptions = { 'first-action': firstAction, 'then-action': thenAction };
  refuseDuplicate(context, editor, 'rsc_order', (present) =>
    Object.entries({ first, then, ...actionOptions }).every(
      ([name, value]) => (attr(present, name) ?? (name.endsWith('-action') ? 'start' : undefined)) === value,
    ),
  );
  const id = chosenId(editor, options, `order-${first}-${then}-${kind ?? options.get('score') ?? 'mandatory'}`);
  const given = (name: string): string[] => (options.has(name) ? [`${name}=${options.get(name)}`] : []);
  const others = [...options.keys()].filter((name) => name !== 'id' && name !== 'kind').sort(compareText);
  const text = [...given('id'), `first-action=${firstAction}`, `then-action=${thenAction}`, ...others.flatMap(given)];
  context.say(`Adding ${first} ${then} (kind: ${kind ?? 'Mandatory'}) (Options: ${text.join(' ')})`);
  options.delete('id');
  if (known !== undefined) options.set('kind', known);
  const constraint = element('rsc_order', { first, then, ...actionOptions, ...Object.fromEntries(options), id });
  editor.append(editor.ensureSection('constraints'), constraint);
  await context.save(editor);
}

function withAction(words: readonly string[]): [string, string] {
  const [first, second] = words;
  if (first === undefined || first.includes('=')) usage();
  if (second === undefined) return [first, 'start'];
  return actions.has(first) ? [second, first] : usage();
}

const setOptions: Readonly<Record<string, readonly string[]>> = {
  rsc_colocation: ['role', 'sequential'],
  rsc_order: ['action', 'require-all', 'role', 'sequential'],
  rsc_ticket: ['role'],
};
const wholeOptions: Readonly<Record<string, readonly string[]>> = {
  rsc_colocation: ['id', 'score', 'score-attribute', 'score-attribute-mangle'],
  rsc_order: ['id', 'kind', 'symmetrical'],
  rsc_ticket: ['id', 'loss-policy', 'ticket'],
};

/** `constraint colocation|order|ticket set R… [options] [set …] [setoptions …]`. */
export async function addSet(
  context: PcsContext,
  tag: 'rsc_colocation' | 'rsc_order' | 'rsc_ticket',
  words: readonly string[],
): Promise<void> {
  const runs = groupByKeywords(words, ['set', 'setoptions']);
  const setRuns = runs.filter((run) => run.keyword !== 'setoptions');
  const whole = parseOptions(runs.filter((run) => run.keyword === 'setoptions').flatMap((run) => run.words));
  allow(whole, wholeOptions[tag] ?? []);
  const editor = await context.cib();
  const sets = setRuns.map((run) => {
    const ids = run.words.filter((word) => !word.includes('='));
    if (ids.length === 0) usage();
    const options = parseOptions(run.words.filter((word) => word.includes('=')));
    allow(options, setOptions[tag] ?? []);
    const role = options.get('role');
    if (role !== undefined) options.set('role', schemaRole(editor, roleName(context, role)));
    for (const id of ids) {
      if (findResource(editor, id) === undefined) fail(`bundle/clone/group/resource '${id}' does not exist`);
      constrainable(context, editor, id);
    }
    return { ids, options };
  });
  if (tag === 'rsc_ticket' && !whole.has('ticket')) fail("required option 'ticket' is missing");
  if (tag === 'rsc_colocation' && !whole.has('score')) whole.set('score', 'INFINITY');
  const letters = sets
    .flatMap((set) => set.ids)
    .slice(0, 3)
    .map((id) => `${id[0]}${id.at(-1)}`)
    .join('');
  const prefix = { rsc_colocation: 'colocation_set', rsc_order: 'order_set', rsc_ticket: 'ticket_set' }[tag];
  const id = chosenId(editor, whole, `${prefix}_${letters}`);
  whole.delete('id');
  const taken = new Set([id]);
  const children = sets.map((set) => {
    const setId = editor.uniqueId(`${id}_set`, taken);
    taken.add(setId);
    return element(
      'resource_set',
      { ...Object.fromEntries(set.options), id: setId },
      set.ids.map((ref) => element('resource_ref', { id: ref })),
    );
  });
  editor.append(editor.ensureSection('constraints'), element(tag, { ...Object.fromEntries(whole), id }, children));
  await context.save(editor);
}

/** `constraint ticket add TICKET [ROLE] R [loss-policy=] [id=]`. */
export async function addTicket(context: PcsContext, words: readonly string[]): Promise<void> {
  const [ticket, ...rest] = words;
  const positional = rest.filter((word) => !word.includes('='));
  if (ticket === undefined || positional.length < 1 || positional.length > 2) usage();
  const [resource, role] = withRole(context, positional);
  const options = parseOptions(rest.filter((word) => word.includes('=')));
  allow(options, ['loss-policy', 'id']);
  const policy = options.get('loss-policy');
  const reports = context.reports();
  if (policy !== undefined && !['demote', 'fence', 'freeze', 'stop'].includes(policy)) {
    reports.error(`'${policy}' is not a valid loss-policy value, use 'demote', 'fence', 'freeze', 'stop'`);
  }
  reports.finish();
  const editor = await context.cib();
  constrainable(context, editor, resource);
  const id = chosenId(editor, options, `ticket-${ticket}-${resource}${role === undefined ? '' : `-${role}`}`);
  const attributes = {
    id,
    ticket,
    rsc: resource,
    'rsc-role': role === undefined ? undefined : schemaRole(editor, role),
    'loss-policy': policy,
  };
  editor.append(editor.ensureSection('constraints'), element('rsc_ticket', attributes));
  await context.save(editor);
}
