import { agentText, describeAgent, findAgent, parseAgentName } from '../agents.ts';
import type { PcsContext } from '../context.ts';
import { fail, usage } from '../errors.ts';

/** `resource list [FILTER] [--nodesc]`. */
export async function listResourceAgents(context: PcsContext, words: readonly string[]): Promise<void> {
  if (words.length > 1) usage();
  const filter = (words[0] ?? '').toLowerCase();
  const names = (await context.deps.agents.list())
    .filter((name) => name.toLowerCase().includes(filter))
    .sort((left, right) => (left.toLowerCase() < right.toLowerCase() ? -1 : 1));
  if (names.length === 0)
    fail(filter === '' ? 'No resource agents available.' : `No resource agents matching the filter.`);
  for (const full of names) {
    const description = context.has('nodesc') ? '' : await shortDescription(context, full);
    context.print(description === '' ? full : `${full} - ${description}`);
  }
}

async function shortDescription(context: PcsContext, full: string): Promise<string> {
  const name = parseAgentName(full);
  if (name === undefined) return '';
  try {
    return describeAgent(name, await context.deps.agents.metadata(name.standard, name.provider ?? '', name.type))
      .shortdesc;
  } catch {
    return '';
  }
}

/** `resource describe AGENT [--full]`. */
export async function describeResourceAgent(context: PcsContext, words: readonly string[]): Promise<void> {
  const [text] = words;
  if (text === undefined || words.length > 1) usage();
  const reports = context.reports();
  const found = await findAgent(context.deps.agents, text, reports, (line) => context.say(line));
  reports.finish();
  const agent = found?.description ?? fail(`Unable to find agent '${text}'`);
  context.print(`${agentText(agent.name)} - ${agent.shortdesc}`);
  if (agent.longdesc !== '') context.print(`\n${agent.longdesc}`);
  if (agent.parameters.length > 0) context.print('\nResource options:');
  for (const parameter of agent.parameters) {
    const marks = [parameter.required ? ' (required)' : '', parameter.unique ? ' (unique)' : ''].join('');
    context.print(`  ${parameter.name}${marks}: ${parameter.shortdesc || 'No description available'}`);
  }
  const actions = context.has('full')
    ? agent.actions
    : agent.actions.filter((action) => !['meta-data', 'status', 'validate-all'].includes(action.name));
  if (actions.length > 0) context.print(context.has('full') ? '\nOperations:' : '\nDefault operations:');
  for (const action of actions) {
    const options = [...action.attributes]
      .filter(([name]) => name !== 'name')
      .map(([name, value]) => `${name}=${value}`);
    context.print(`  ${action.name}:${options.length === 0 ? '' : ` ${options.join(' ')}`}`);
  }
}
