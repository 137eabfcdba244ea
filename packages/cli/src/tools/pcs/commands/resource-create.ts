import { attr, childElements, type Element, element, withChildren } from '@sanode/xml';
import { type AgentDescription, type AgentName, agentText, findAgent, traceOptions } from '../agents.ts';
import { groupByKeywords, type KeywordRun, parseOptions, splitOptions } from '../arguments.ts';
import { type CibEditor, idProblem } from '../cib-editor.ts';
import type { Command, PcsContext } from '../context.ts';
import { fail, PcsError, quoteList, type Reports, usage } from '../errors.ts';
import { makeSet, nvpairs } from '../nvpairs.ts';
import { defaultOperations, operationsElement, parseOperations, validateOperations } from '../operations.ts';
import { agentOf, allResources, findResource, ownSet } from '../resources.ts';
import { awaitRunning, waitSeconds } from '../wait.ts';

/** `pcs resource create` (cli-pcs.md 9). */
export const resourceCreate: Command = {
  options: [
    ...['f', 'force', 'group', 'before', 'after', 'disabled', 'no-default-ops', 'agent-validation', 'wait', 'clone'],
    ...['master', 'async'],
  ],
  usage: `    create <resource id> [<standard>:[<provider>:]]<type> [resource options]
           [op <operation action> <operation options> [<operation action>
           <operation options>]...] [meta <meta options>...]
           [clone [<clone id>] [<clone options>] |
           promotable [<clone id>] [<promotable options>] |
           --group <group id> [--before <resource id> | --after <resource id>]
           | bundle <bundle id>] [--disabled] [--no-default-ops] [--wait[=n]]
        Create a resource.
`,
  run: create,
};

/** What the user asked for, taken apart. */
interface Plan {
  readonly id: string;
  readonly agentText: string;
  readonly options: Map<string, string>;
  /** Words without `=` among the agent's options. */
  readonly bare: readonly string[];
  readonly operations: ReturnType<typeof parseOperations>;
  readonly meta: Map<string, string>;
  readonly wrapper: KeywordRun | undefined;
}

async function create(context: PcsContext, words: readonly string[]): Promise<void> {
  const plan = parse(context, words);
  const timeout = waitSeconds(context);
  const editor = await context.cib();
  const problem = idProblem(plan.id, 'resource name');
  if (problem !== undefined) fail(problem);
  const reports = context.reports();
  const deprecated = (text: string): void => context.deprecated(text);
  const agent = await findAgent(context.deps.agents, plan.agentText, reports, (line) => context.say(line));
  if (agent === undefined) return reports.finish();
  dropEmptyWords(context, plan, agent.description);
  validateOperations(plan.operations, agent.description, reports, deprecated);
  if (editor.byId(plan.id) !== undefined) throw new PcsError([`'${plan.id}' already exists`]);
  validateOptions(editor, plan, agent, reports);
  reports.finish();
  await askAgent(context, plan.id, agent.name, plan.options, reports);
  reports.finish();
  const primitive = makePrimitive(context, editor, plan, agent);
  place(context, editor, plan, primitive);
  await context.save(editor);
  if (timeout !== undefined) await awaitRunning(context, plan.id, timeout, !context.has('disabled'));
}

function parse(context: PcsContext, words: readonly string[]): Plan {
  const [id, agentName, ...rest] = words;
  if (id === undefined || agentName === undefined) usage();
  const runs = groupByKeywords(rest, ['op', 'meta', 'clone', 'promotable', 'bundle', 'master']);
  const head = splitOptions(runs[0]?.words ?? []);
  const metaWords = runs.filter((run) => run.keyword === 'meta').flatMap((run) => run.words);
  let wrappers = runs.filter((run) => ['clone', 'promotable', 'bundle', 'master'].includes(run.keyword));
  if (context.has('clone')) wrappers = [...wrappers, { keyword: 'clone', words: [] }];
  if (context.has('master')) wrappers = [...wrappers, { keyword: 'master', words: [] }];
  const kinds = wrappers.map((run) => run.keyword);
  if (context.has('group')) kinds.push('group');
  if (kinds.length > 1)
    fail(
      `you can specify only one of ${quoteList(new Set(['bundle', 'clone', 'promotable', 'group', ...kinds]), ' or ')}`,
    );
  if (!context.has('group') && (context.has('before') || context.has('after'))) {
    fail('you cannot use --before or --after without --group');
  }
  return {
    id,
    agentText: agentName,
    options: head.options,
    bare: head.bare,
    operations: parseOperations(runs.filter((run) => run.keyword === 'op').map((run) => run.words)),
    meta: parseOptions(metaWords),
    wrapper: wrappers[0],
  };
}

/**
 * A parameter's name without a value, as in tutorials: ignored with a warning when the agent has such a parameter.
 * @throws {PcsError} for any other bare word
 */
function dropEmptyWords(context: PcsContext, plan: Plan, agent: AgentDescription | undefined): void {
  for (const word of plan.bare) {
    const parameter = agent?.parameters.find((candidate) => candidate.name === word);
    if (parameter === undefined) fail(`missing value of '${word}' option`);
    const what = firstSentence(parameter.longdesc) || parameter.shortdesc;
    context.warn(
      `missing value of '${word}' option, the option has been ignored; to set it, write '${word}=VALUE'` +
        (what === '' ? '' : `: ${what}`),
    );
  }
}

/** A description up to its first full stop before a blank, in one line: agents break theirs as they like. */
function firstSentence(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.slice(0, (line.match(/\.(?= |$)/)?.index ?? line.length) + 1);
}

function validateOptions(
  editor: CibEditor,
  plan: Plan,
  agent: { name: AgentName; description: AgentDescription | undefined },
  reports: Reports,
): void {
  const { description } = agent;
  if (description === undefined) return;
  validateParameters(plan.options, description, reports);
  for (const parameter of description.parameters) {
    if (parameter.required && parameter.deprecatedBy === undefined && (plan.options.get(parameter.name) ?? '') === '') {
      reports.forceable(`required resource option '${parameter.name}' is missing`);
    }
  }
  reportNotUnique(editor, plan, agent.name, description, reports);
}

/** Are all options known to the agent? */
export function validateParameters(
  options: ReadonlyMap<string, string>,
  agent: AgentDescription,
  reports: Reports,
): void {
  const what = agent.name.standard === 'stonith' ? 'stonith' : 'resource';
  const known = new Set(agent.parameters.map((parameter) => parameter.name));
  if (agent.name.standard === 'ocf') for (const name of traceOptions) known.add(name);
  const unknown = [...options.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    const which =
      unknown.length === 1 ? `${what} option ${quoteList(unknown)}` : `${what} options: ${quoteList(unknown)}`;
    const allowed = known.size === 0 ? 'there are no options allowed' : `allowed options are: ${quoteList(known)}`;
    reports.forceable(`invalid ${which}, ${allowed}`);
  }
  for (const parameter of agent.parameters) {
    if (parameter.deprecatedBy === undefined || !options.has(parameter.name)) continue;
    const instead = parameter.deprecatedBy === '' ? '' : `, use '${parameter.deprecatedBy}' instead`;
    reports.warning(`${what} option '${parameter.name}' is deprecated and should not be used${instead}`);
  }
}

/** Exit code of an agent whose configuration can work on no node (OCF_ERR_CONFIGURED). */
const configuredWrongly = 6;
/** Longest part of an agent's words that is shown, characters. */
const maxAgentWords = 500;

/**
 * Asks the agent whether its parameters make sense: a value that it calls wrong on every node is refused. With
 * `--agent-validation` everything it objects to is. Not done for files: their cluster may be elsewhere.
 */
export async function askAgent(
  context: PcsContext,
  id: string,
  name: AgentName,
  options: ReadonlyMap<string, string>,
  reports: Reports,
): Promise<void> {
  const wanted = context.has('agent-validation');
  if (context.cibFile !== undefined && !wanted) return;
  const verdict = await context.deps.agents.validate(name, options);
  if (verdict === undefined || verdict.code === 0 || (!wanted && verdict.code !== configuredWrongly)) return;
  const words = verdict.message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const said = words.length === 0 ? `exit code ${verdict.code}` : words.join('; ').slice(0, maxAgentWords);
  const sentence = `Validation result from agent '${agentText(name)}' for resource '${id}': ${said}`;
  // A path may be wrong on this node and right on others; any other value that the agent names is wrong everywhere.
  const blamed = [...options.values()].some((value) => value !== '' && !value.startsWith('/') && said.includes(value));
  if (wanted || blamed) reports.forceable(sentence);
  else context.warn(sentence);
}

function reportNotUnique(
  editor: CibEditor,
  plan: Plan,
  name: AgentName,
  agent: AgentDescription,
  reports: Reports,
): void {
  for (const parameter of agent.parameters) {
    const value = plan.options.get(parameter.name);
    if (!parameter.unique || value === undefined || value === '') continue;
    const same = allResources(editor.section('resources')).filter(
      (other) =>
        agentOf(other) === agentText(name) &&
        nvpairs(ownSet(other, 'instance_attributes')).get(parameter.name) === value,
    );
    if (same.length === 0) continue;
    const ids = quoteList(same.map((other) => attr(other, 'id') ?? ''));
    const plural = same.length === 1 ? 'Following resource is' : 'Following resources are';
    reports.forceable(
      `Value '${value}' of option '${parameter.name}' is not unique across '${agentText(name)}' resources. ${plural} configured with the same value of the instance attribute: ${ids}`,
    );
  }
}

function makePrimitive(
  context: PcsContext,
  editor: CibEditor,
  plan: Plan,
  agent: { name: AgentName; description: AgentDescription | undefined },
): Element {
  const warn = (text: string): void => context.warn(text);
  const onlyMonitor = context.has('no-default-ops') || agent.name.standard === 'stonith';
  const added = defaultOperations(plan.operations, agent.description, { onlyMonitor }, warn);
  const meta = new Map(plan.meta);
  if (context.has('disabled') && !['clone', 'promotable', 'master'].includes(plan.wrapper?.keyword ?? '')) {
    meta.set('target-role', 'Stopped');
  }
  const { standard, provider, type } = agent.name;
  const instance = makeSet('instance_attributes', editor.uniqueId(`${plan.id}-instance_attributes`), plan.options);
  const metaSet = makeSet('meta_attributes', editor.uniqueId(`${plan.id}-meta_attributes`), meta);
  // A resource that is only made disabled has its meta attributes in front, as the reference writes them.
  const sets = plan.meta.size === 0 ? [metaSet, instance] : [instance, metaSet];
  const operations = operationsElement(editor, plan.id, [...plan.operations, ...added]);
  return element('primitive', { id: plan.id, class: standard, type, provider }, [...sets, operations]);
}

function place(context: PcsContext, editor: CibEditor, plan: Plan, primitive: Element): void {
  const { wrapper } = plan;
  const group = context.option('group');
  if (group !== undefined) {
    placeInGroup(context, editor, group, primitive);
  } else if (wrapper === undefined) {
    editor.append(editor.ensureSection('resources'), primitive);
  } else if (wrapper.keyword === 'bundle') {
    placeInBundle(editor, wrapper.words, primitive);
  } else {
    editor.append(editor.ensureSection('resources'), cloneOf(context, editor, wrapper, primitive));
  }
}

/** Wraps a resource in a clone (cli-pcs.md 9.5). @param wrapper keyword clone, promotable or master, and its words */
export function cloneOf(context: PcsContext, editor: CibEditor, wrapper: KeywordRun, inner: Element): Element {
  const [first, ...rest] = wrapper.words;
  const named = first !== undefined && !first.includes('=');
  const options = parseOptions(named ? rest : wrapper.words);
  const innerId = attr(inner, 'id') ?? '';
  const base = `${innerId}-${wrapper.keyword === 'master' ? 'master' : 'clone'}`;
  const id = named ? first : editor.uniqueId(base);
  const problem = idProblem(id, 'id');
  if (problem !== undefined) fail(problem);
  if (named && editor.byId(id) !== undefined) fail(`'${id}' already exists`);
  if (wrapper.keyword !== 'clone') options.set('promotable', 'true');
  if (context.has('disabled')) options.set('target-role', 'Stopped');
  return element('clone', { id }, [
    inner,
    makeSet('meta_attributes', editor.uniqueId(`${id}-meta_attributes`), options),
  ]);
}

function placeInGroup(context: PcsContext, editor: CibEditor, groupId: string, primitive: Element): void {
  const present = editor.byId(groupId);
  const beside = context.option('before') ?? context.option('after');
  if (present === undefined) {
    const problem = idProblem(groupId, 'group name');
    if (problem !== undefined) fail(problem);
    if (beside !== undefined) fail(`there is no resource '${beside}' in the group '${groupId}'`);
    editor.append(editor.ensureSection('resources'), element('group', { id: groupId }, [primitive]));
    return;
  }
  if (present.name !== 'group') fail(`'${groupId}' is not a group`);
  if (beside === undefined) {
    editor.replace(present, withMember(present, primitive));
    return;
  }
  const neighbour = childElements(present, 'primitive').find((member) => attr(member, 'id') === beside);
  if (neighbour === undefined) fail(`there is no resource '${beside}' in the group '${groupId}'`);
  editor.insertBeside(present, primitive, neighbour, context.has('before') ? 'before' : 'after');
}

/** A group with one more member, behind the last one (before its attributes). */
export function withMember(group: Element, member: Element): Element {
  const last = group.children.findLastIndex((child) => child.type === 'element' && child.name === 'primitive');
  return withChildren(group, group.children.toSpliced(last + 1, 0, member));
}

function placeInBundle(editor: CibEditor, words: readonly string[], primitive: Element): void {
  const [id, ...rest] = words;
  if (id === undefined || rest.length > 0) usage();
  const bundle = findResource(editor, id);
  if (bundle === undefined || bundle.name !== 'bundle') fail(`bundle '${id}' does not exist`);
  const present = childElements(bundle, 'primitive')[0];
  if (present !== undefined)
    fail(
      `bundle '${id}' already contains resource '${attr(present, 'id')}', a bundle may contain at most one resource`,
    );
  editor.append(bundle, primitive);
}
