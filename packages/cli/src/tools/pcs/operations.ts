import { type Element, element } from '@sanode/xml';
import type { AgentAction, AgentDescription } from './agents.ts';
import { parseOptions, seconds } from './arguments.ts';
import { type CibEditor, sanitizeId } from './cib-editor.ts';
import { compareText, fail, quoteList, type Reports } from './errors.ts';

/** An operation of a resource before it is written: name and attributes in order. */
export interface OperationPlan {
  readonly name: string;
  readonly attributes: Map<string, string>;
  /** OCF_CHECK_LEVEL of a monitor with a depth. */
  readonly checkLevel: string | undefined;
}

const operationOptions =
  'OCF_CHECK_LEVEL description enabled id interval interval-origin name on-fail record-pending role start-delay timeout'.split(
    ' ',
  );
const onFailValues = ['block', 'demote', 'fence', 'ignore', 'restart', 'standby', 'stop'];
const roleValues = ['Promoted', 'Slave', 'Started', 'Stopped', 'Unpromoted', 'Master'];
const newRoleNames: Readonly<Record<string, string>> = { Master: 'Promoted', Slave: 'Unpromoted' };
/** Actions of an agent that never become operations by themselves. */
const notDefault = new Set(['meta-data', 'status', 'validate-all']);

/** Reads `op ACTION name=value… [ACTION …]` runs. @throws {PcsError} when an action's name is missing */
export function parseOperations(runs: readonly (readonly string[])[]): OperationPlan[] {
  const plans: OperationPlan[] = [];
  for (const words of runs) {
    if (words[0] === undefined || words[0].includes('='))
      fail("When using 'op' you must specify an operation name after 'op'");
    let options: string[] = [];
    let name = '';
    const finish = (): void => {
      if (name !== '') plans.push(makePlan(name, parseOptions(options)));
    };
    for (const word of words) {
      if (word.includes('=')) {
        options.push(word);
      } else {
        finish();
        name = word;
        options = [];
      }
    }
    finish();
  }
  return plans;
}

function makePlan(name: string, options: Map<string, string>): OperationPlan {
  const checkLevel = options.get('OCF_CHECK_LEVEL');
  options.delete('OCF_CHECK_LEVEL');
  return { name, attributes: options, checkLevel: checkLevel === '' ? undefined : checkLevel };
}

/** Checks operations that the user gave, completes their intervals, and gives roles their names of today. */
export function validateOperations(
  plans: readonly OperationPlan[],
  agent: AgentDescription | undefined,
  reports: Reports,
  deprecated: (text: string) => void,
): void {
  for (const { name, attributes } of plans) {
    const actions = agent?.actions.map((action) => action.name) ?? [];
    if (agent !== undefined && !actions.includes(name)) {
      reports.forceable(`'${name}' is not a valid operation name value, use ${quoteList(new Set(actions))}`);
    }
    const unknown = [...attributes.keys()].filter((option) => !operationOptions.includes(option));
    if (unknown.length > 0) {
      const what =
        unknown.length === 1 ? `operation option ${quoteList(unknown)}` : `operation options: ${quoteList(unknown)}`;
      reports.error(`invalid resource ${what}, allowed options are: ${quoteList(operationOptions)}`);
    }
    const onFail = attributes.get('on-fail');
    if (onFail !== undefined && !onFailValues.includes(onFail)) {
      reports.error(`'${onFail}' is not a valid on-fail value, use ${quoteList(onFailValues)}`);
    }
    const role = attributes.get('role');
    if (role !== undefined) attributes.set('role', checkedRole(role, reports, deprecated));
    if (!attributes.has('interval')) attributes.set('interval', name === 'monitor' ? '60s' : '0s');
  }
  reportRepeated(plans, reports);
}

function checkedRole(role: string, reports: Reports, deprecated: (text: string) => void): string {
  const known = roleValues.find((value) => value.toLowerCase() === role.toLowerCase());
  if (known === undefined) {
    reports.error(
      `'${role}' is not a valid role value, use ${quoteList(['Promoted', 'Started', 'Stopped', 'Unpromoted'])}`,
    );
    return role;
  }
  const today = newRoleNames[known];
  if (today === undefined) return known;
  deprecated(`Value '${known}' of option role is deprecated and should not be used, use '${today}' value instead`);
  return today;
}

function reportRepeated(plans: readonly OperationPlan[], reports: Reports): void {
  const byKey = new Map<string, string[]>();
  for (const plan of plans) {
    const interval = plan.attributes.get('interval') ?? '';
    const key = `${plan.name} ${seconds(interval) ?? interval} ${plan.attributes.get('role') ?? ''}`;
    byKey.set(key, [...(byKey.get(key) ?? []), interval]);
  }
  const repeated = [...byKey].filter(([, intervals]) => intervals.length > 1);
  if (repeated.length === 0) return;
  const lines = repeated.map(([key, intervals]) => `${key.split(' ')[0]} with intervals ${intervals.join(', ')}`);
  reports.error(`multiple specification of the same operation with the same interval:\n${lines.join('\n')}`);
}

/** The agent's own operations that the user did not name (cli-pcs.md 9.3), made unique in (name, interval). */
export function defaultOperations(
  given: readonly OperationPlan[],
  agent: AgentDescription | undefined,
  options: { onlyMonitor: boolean },
  warn: (text: string) => void,
): OperationPlan[] {
  const names = new Set(given.map((plan) => plan.name));
  const wanted = (action: AgentAction): boolean =>
    !names.has(action.name) && (options.onlyMonitor ? action.name === 'monitor' : !notDefault.has(action.name));
  const plans = (agent?.actions ?? []).filter(wanted).map(planOfAction);
  if (!names.has('monitor') && !plans.some((plan) => plan.name === 'monitor')) {
    plans.push({ name: 'monitor', attributes: new Map([['interval', '60s']]), checkLevel: undefined });
  }
  const taken = new Set<string>();
  for (const plan of plans) makeUnique(plan, taken, warn);
  return plans;
}

function planOfAction(action: AgentAction): OperationPlan {
  const get = (name: string): string | undefined => action.attributes.get(name) || undefined;
  const attributes = new Map([['interval', get('interval') ?? (action.name === 'monitor' ? '60s' : '0s')]]);
  const timeout = get('timeout');
  if (timeout !== undefined) attributes.set('timeout', timeout);
  const role = get('role');
  if (role !== undefined) attributes.set('role', newRoleNames[role] ?? role);
  const delay = get('start-delay');
  if (delay !== undefined) attributes.set('start-delay', delay);
  const depth = get('depth');
  return { name: action.name, attributes, checkLevel: depth === undefined || depth === '0' ? undefined : depth };
}

function makeUnique(plan: OperationPlan, taken: Set<string>, warn: (text: string) => void): void {
  const text = plan.attributes.get('interval') as string;
  let interval = seconds(text);
  if (interval === undefined) return;
  if (taken.has(`${plan.name} ${interval}`)) {
    while (taken.has(`${plan.name} ${interval}`)) interval += 1;
    plan.attributes.set('interval', String(interval));
    warn(`changing a ${plan.name} operation interval from ${text} to ${interval} to make the operation unique`);
  }
  taken.add(`${plan.name} ${interval}`);
}

/** The `<operations>` element; undefined when there are none. */
export function operationsElement(
  editor: CibEditor,
  resourceId: string,
  plans: readonly OperationPlan[],
): Element | undefined {
  if (plans.length === 0) return undefined;
  const taken = new Set<string>();
  const sorted = [...plans].sort((left, right) => compareText(left.name, right.name));
  return element(
    'operations',
    {},
    sorted.map((plan) => operationElement(editor, resourceId, plan, taken)),
  );
}

/** One `<op>`. @param taken ids used by others of the same command; the new one is added */
export function operationElement(
  editor: CibEditor,
  resourceId: string,
  plan: OperationPlan,
  taken: Set<string>,
): Element {
  const attributes = new Map(plan.attributes);
  const given = attributes.get('id');
  attributes.delete('id');
  const interval = attributes.get('interval') ?? '0s';
  const id = given ?? editor.uniqueId(sanitizeId(`${resourceId}-${plan.name}-interval-${interval}`), taken);
  if (given !== undefined && (taken.has(given) || editor.byId(given) !== undefined)) fail(`'${given}' already exists`);
  taken.add(id);
  for (const [name, value] of attributes) if (value === '') attributes.delete(name);
  return element('op', { name: plan.name, ...Object.fromEntries(attributes), id }, [
    plan.checkLevel === undefined ? undefined : checkLevelSet(id, plan.checkLevel),
  ]);
}

function checkLevelSet(operationId: string, level: string): Element {
  const id = `${operationId}-instance_attributes`;
  return element('instance_attributes', { id }, [
    element('nvpair', { id: `${id}-OCF_CHECK_LEVEL`, name: 'OCF_CHECK_LEVEL', value: level }),
  ]);
}
