import { attr, type Element, element, withChildren } from '@sanode/xml';
import { parseOptions, seconds } from '../arguments.ts';
import type { CibEditor } from '../cib-editor.ts';
import { clusterProperties, type PropertyDefinition, readOnlyProperties } from '../cluster-properties.ts';
import type { Command, PcsContext } from '../context.ts';
import { compareText, fail, quoteList, type Reports, usage } from '../errors.ts';
import { nvpairs, shortNameLength, updateSet } from '../nvpairs.ts';
import { setDefaults } from './defaults.ts';

/**
 * Cluster options of old releases that became defaults of resources or operations: `pcs property set` puts them where
 * they work today (cli-pcs.md 1).
 */
const moved: Readonly<Record<string, { section: 'rsc_defaults' | 'op_defaults'; name: string; what: string }>> = {
  'default-resource-stickiness': { section: 'rsc_defaults', name: 'resource-stickiness', what: 'resource default' },
  'is-managed-default': { section: 'rsc_defaults', name: 'is-managed', what: 'resource default' },
  'default-action-timeout': { section: 'op_defaults', name: 'timeout', what: 'operation default' },
};

/** `pcs property …` (cli-pcs.md 8). */
export const propertyCommands: Readonly<Record<string, Command>> = {
  set: {
    options: ['f', 'force'],
    usage:
      '    set <property>=[<value>] ... [--force]\n        Set properties of the cluster; an empty value removes one.\n',
    run: setProperties,
  },
  unset: {
    options: ['f', 'force'],
    usage: '    unset <property> ... [--force]\n        Remove properties from the configuration.\n',
    run: unsetProperties,
  },
  list: { options: ['f', 'all', 'defaults'], usage: '    list\n        Old form of config.\n', run: listOld },
  show: { options: ['f', 'all', 'defaults'], usage: '    show\n        Old form of config.\n', run: listOld },
  config: {
    options: ['f', 'all', 'defaults'],
    usage:
      '    [config [<property> | --all | --defaults]]\n        List the configured properties, or all of them with their defaults.\n',
    run: listProperties,
  },
};

async function setProperties(context: PcsContext, words: readonly string[]): Promise<void> {
  if (words.length === 0) usage();
  const options = parseOptions(words);
  const reports = context.reports();
  const editor = await context.cib();
  const here = new Map<string, string>();
  const elsewhere: (() => void)[] = [];
  for (const [name, value] of options) {
    const place = moved[name];
    if (place === undefined) {
      validate(reports, name, value);
      here.set(name, value);
      continue;
    }
    elsewhere.push(() => {
      setDefaults(editor, place.section, new Map([[place.name, value]]));
      const { what } = place;
      context.warn(`'${name}' is no longer a cluster property, setting the ${what} '${place.name}' instead`);
    });
  }
  reports.finish();
  for (const change of elsewhere) change();
  if (here.size > 0) updateSet(editor, propertySet(editor), here, { idLength: shortNameLength, sorted: false });
  await context.save(editor);
}

async function unsetProperties(context: PcsContext, words: readonly string[]): Promise<void> {
  if (words.length === 0) usage();
  const editor = await context.cib();
  const set = propertySet(editor);
  const present = nvpairs(set);
  const reports = context.reports();
  const missing = words.filter((name) => !present.has(name));
  if (missing.length > 0) {
    const what =
      missing.length === 1 ? `property ${quoteList(missing)}, it is` : `properties ${quoteList(missing)}, they are`;
    reports.forceable(`Cannot remove ${what} not present in property set '${attr(set, 'id')}'`);
  }
  reports.finish();
  updateSet(editor, set, new Map(words.map((name) => [name, ''])));
  await context.save(editor);
}

async function listProperties(context: PcsContext, words: readonly string[]): Promise<void> {
  const set = firstPropertySet((await context.cib()).configuration);
  const configured = nvpairs(set);
  const shown = new Map<string, string>();
  if (context.has('all') || context.has('defaults')) {
    for (const [name, { defaultValue }] of clusterProperties) shown.set(name, defaultValue);
  }
  if (!context.has('defaults')) for (const [name, value] of configured) shown.set(name, value);
  context.print('Cluster Properties:');
  for (const name of [...shown.keys()].sort(compareText)) {
    if (words.length === 0 || words.includes(name)) context.print(` ${name}: ${shown.get(name)}`);
  }
}

async function listOld(context: PcsContext, words: readonly string[]): Promise<void> {
  context.deprecated("This command is deprecated and will be removed. Please use 'pcs property config' instead.");
  await listProperties(context, words);
}

function firstPropertySet(configuration: Element): Element | undefined {
  const section = configuration.children.find((child) => child.type === 'element' && child.name === 'crm_config');
  if (section === undefined || section.type !== 'element') return undefined;
  return section.children.find((child) => child.type === 'element') as Element | undefined;
}

/** The first property set, made where there is none. */
export function propertySet(editor: CibEditor): Element {
  const found = firstPropertySet(editor.configuration);
  if (found !== undefined) return found;
  const fresh = element('cluster_property_set', { id: editor.uniqueId('cib-bootstrap-options') });
  const section = editor.ensureSection('crm_config');
  editor.replace(section, withChildren(section, [...section.children, fresh]));
  return fresh;
}

function validate(reports: Reports, name: string, value: string): void {
  const definition = clusterProperties.get(name);
  if (definition === undefined || readOnlyProperties.has(name)) {
    const allowed = [...clusterProperties.keys()].filter((known) => !readOnlyProperties.has(known));
    const sentence = `invalid cluster property option '${name}', allowed options are: ${quoteList(allowed)}`;
    // What the cluster itself writes cannot be forced.
    if (readOnlyProperties.has(name)) reports.error(sentence);
    else reports.forceable(sentence);
  } else if (name === 'stonith-watchdog-timeout' && value !== '' && seconds(value) !== 0) {
    reports.error('stonith-watchdog-timeout can only be unset or set to 0 while SBD is disabled');
  } else if (value !== '') {
    const expected = expectation(definition, value);
    if (expected !== undefined) reports.forceable(`'${value}' is not a valid ${name} value, use ${expected}`);
  }
}

const booleans = ['0', '1', 'false', 'n', 'no', 'off', 'on', 'true', 'y', 'yes'];

/** What a value should be; undefined when it is right. */
function expectation(definition: PropertyDefinition, value: string): string | undefined {
  switch (definition.kind) {
    case 'boolean':
      return booleans.includes(value.toLowerCase()) ? undefined : `a pacemaker boolean value: ${quoteList(booleans)}`;
    case 'enum':
      return definition.values?.includes(value) === true ? undefined : quoteList(definition.values ?? []);
    case 'integer':
      return /^[+-]?(\d+|INFINITY)$/.test(value) ? undefined : 'an integer or INFINITY or -INFINITY';
    case 'percentage':
      return /^\d+%$/.test(value) ? undefined : 'a non-negative integer followed by % (a percentage)';
    case 'time':
      return seconds(value) === undefined && !/^P/.test(value) ? 'time interval (e.g. 1, 2s, 3m, 4h, ...)' : undefined;
    case 'string':
      return undefined;
    default:
      return fail(`property of unknown kind`);
  }
}
