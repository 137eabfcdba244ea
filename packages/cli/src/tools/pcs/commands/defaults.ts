import { attr, childElements, type Element, element } from '@sanode/xml';
import { groupByKeywords, parseOptions } from '../arguments.ts';
import type { CibEditor } from '../cib-editor.ts';
import type { PcsContext } from '../context.ts';
import { fail, usage } from '../errors.ts';
import { nvpairs, shortNameLength, updateSet } from '../nvpairs.ts';
import { addRule, parseDefaultsRule } from '../rule-parser.ts';
import { ruleLines } from '../rule-text.ts';
import { pairText } from '../text.ts';

export type DefaultsSection = 'rsc_defaults' | 'op_defaults';

const overridden = 'Defaults do not apply to resources which override them with their own defined values';

/** Sets defaults in the first set of the section, made where there is none. */
export function setDefaults(editor: CibEditor, section: DefaultsSection, options: ReadonlyMap<string, string>): void {
  let set = childElements(editor.section(section), 'meta_attributes')[0];
  if (set === undefined) {
    if ([...options.values()].every((value) => value === '')) return;
    const fresh = element('meta_attributes', { id: editor.uniqueId(`${section}-meta_attributes`) });
    set = editor.append(editor.ensureSection(section), fresh);
  }
  updateSet(editor, set, options, { idLength: shortNameLength });
}

/** `pcs resource defaults …` and `pcs resource op defaults …` (cli-pcs.md 10). */
export async function defaults(context: PcsContext, section: DefaultsSection, words: readonly string[]): Promise<void> {
  const [sub, ...rest] = words;
  if (sub === undefined || sub === 'config') return listDefaults(context, section);
  if (sub === 'update') return update(context, section, rest);
  if (sub === 'set') return sets(context, section, rest);
  if (!sub.includes('=')) usage();
  const command = section === 'rsc_defaults' ? 'pcs resource defaults update' : 'pcs resource op defaults update';
  context.deprecated(`This command is deprecated and will be removed. Please use '${command}' instead.`);
  return update(context, section, words);
}

async function update(context: PcsContext, section: DefaultsSection, words: readonly string[]): Promise<void> {
  if (words.length === 0) usage();
  const options = parseOptions(words);
  const editor = await context.cib();
  const present = childElements(editor.section(section), 'meta_attributes');
  if (present.length > 1) {
    const command = section === 'rsc_defaults' ? 'pcs resource defaults' : 'pcs resource op defaults';
    fail(`Several sets of defaults exist; say which one with '${command} set update <set id> meta ...'`);
  }
  context.warn(overridden);
  setDefaults(editor, section, options);
  await context.save(editor);
}

async function sets(context: PcsContext, section: DefaultsSection, words: readonly string[]): Promise<void> {
  const [action, ...rest] = words;
  const editor = await context.cib();
  if (action === 'create') {
    createSet(editor, section, rest);
  } else if (action === 'delete' || action === 'remove') {
    if (rest.length === 0) usage();
    for (const id of rest) editor.remove(findSet(editor, section, id));
    await context.save(editor);
    return;
  } else if (action === 'update') {
    const [id, ...changes] = rest;
    if (id === undefined) usage();
    const runs = groupByKeywords(changes, ['meta']);
    updateSet(editor, findSet(editor, section, id), parseOptions(runs[1]?.words ?? []), {
      idLength: shortNameLength,
    });
  } else {
    usage();
  }
  context.warn(overridden);
  await context.save(editor);
}

function createSet(editor: CibEditor, section: DefaultsSection, words: readonly string[]): void {
  const runs = groupByKeywords(words, ['meta', 'rule']);
  const head = parseOptions(runs[0]?.words ?? []);
  const given = head.get('id');
  if (given !== undefined && editor.byId(given) !== undefined) fail(`'${given}' already exists`);
  const id = given ?? editor.uniqueId(`${section}-meta_attributes`);
  const score = head.get('score');
  const set = editor.append(editor.ensureSection(section), element('meta_attributes', { id, score }));
  const rule = runs.find((run) => run.keyword === 'rule');
  const withRule =
    rule === undefined ? set : addRule(editor, set, parseDefaultsRule(rule.words, section), { score: 'INFINITY' });
  const meta = runs.find((run) => run.keyword === 'meta');
  updateSet(editor, withRule, parseOptions(meta?.words ?? []), { idLength: shortNameLength });
}

function findSet(editor: CibEditor, section: DefaultsSection, id: string): Element {
  const found = childElements(editor.section(section)).find((set) => attr(set, 'id') === id);
  return found ?? fail(`Specified nvset '${id}' does not exist`);
}

async function listDefaults(context: PcsContext, section: DefaultsSection): Promise<void> {
  const lines = defaultsLines((await context.cib()).section(section));
  for (const line of lines.length === 0 ? ['No defaults set'] : lines) context.print(line);
}

/** The section's sets as `config` shows them. */
export function defaultsLines(section: Element): string[] {
  return childElements(section, 'meta_attributes').flatMap((set) => {
    const score = attr(set, 'score');
    const head = `Meta Attrs: ${attr(set, 'id')}${score === undefined ? '' : ` score=${score}`}`;
    const pairs = [...nvpairs(set)].map(([name, value]) => `  ${pairText(name, value)}`);
    const rules = childElements(set, 'rule').flatMap((rule) => ruleLines(rule, { ids: false, forDefaults: true }));
    return [head, ...pairs, ...rules.map((line) => `  ${line}`)];
  });
}
