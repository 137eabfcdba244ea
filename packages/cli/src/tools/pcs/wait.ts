import { schedule } from '@sanode/scheduler';
import { attr, childElements, type Element, parseXml, walk } from '@sanode/xml';
import type { PcsContext } from './context.ts';
import { fail } from './errors.ts';

/**
 * Seconds of `--wait[=N]`: undefined without it, 0 for no limit of its own.
 * @throws {PcsError} when N is no time, or with `-f`
 */
export function waitSeconds(context: PcsContext): number | undefined {
  const text = context.option('wait');
  if (text === undefined) return undefined;
  if (context.cibFile !== undefined) fail("Cannot use '-f' together with '--wait'");
  if (text === '') return 0;
  if (!/^\d{1,9}$/.test(text) || text === '0') fail(`'${text}' is not a valid number of seconds to wait`);
  return Number(text);
}

/** Longest wait where no number of seconds was given, s; pause between two looks, ms. */
const longestWaitSeconds = 3600;
const pollMs = 300;

/**
 * Waits until the cluster has nothing left to do: until a transition graph made of its state has no action
 * (what crm_resource --wait does). @param seconds 0: no limit of its own @throws {PcsError} when it takes too long
 */
export async function awaitIdle(context: PcsContext, seconds: number, announced = true): Promise<void> {
  const limit = seconds === 0 ? '' : ` (timeout: ${seconds} second${seconds === 1 ? '' : 's'})`;
  if (announced) context.say(`Waiting for the cluster to apply configuration changes${limit}...`);
  const deadlineMs = context.deps.nowMs() + (seconds === 0 ? longestWaitSeconds : seconds) * 1000;
  for (;;) {
    const { root } = await context.cib();
    const { graph } = schedule(root, { nowMs: context.deps.nowMs() });
    const left = [...walk(graph)].filter((part) => part.name === 'rsc_op' || part.name === 'crm_event');
    if (left.length === 0) return;
    if (context.deps.nowMs() >= deadlineMs) {
      const list = left.map((action) => `\t${attr(action, 'operation_key') ?? attr(action, 'operation')}`);
      fail(['waiting timeout, these actions are still to be done:', ...list.slice(0, 20)].join('\n'));
    }
    await context.deps.sleep(pollMs);
  }
}

/** Waits, then says where a resource runs. @throws {PcsError} when it should run and does not */
export async function awaitRunning(
  context: PcsContext,
  id: string,
  seconds: number,
  shouldRun: boolean,
): Promise<void> {
  await awaitIdle(context, seconds);
  const nodes = await runningOn(context, id);
  const names = nodes.map((name) => `'${name}'`).join(', ');
  const where =
    nodes.length === 0 ? 'not running on any node' : `running on node${nodes.length === 1 ? '' : 's'} ${names}`;
  const sentence = `resource '${id}' is ${where}`;
  if (shouldRun !== nodes.length > 0) fail(sentence);
  context.say(sentence);
}

/** Nodes where a resource (or an instance of it) is active. */
export async function runningOn(context: PcsContext, id: string): Promise<string[]> {
  const root = await statusXml(context);
  const nodes = new Set<string>();
  for (const candidate of walk(root)) {
    const own = attr(candidate, 'id') ?? '';
    if (own !== id && !own.startsWith(`${id}:`)) continue;
    for (const resource of walk(candidate)) {
      if (resource.name !== 'resource' || attr(resource, 'active') !== 'true') continue;
      for (const node of childElements(resource, 'node')) nodes.add(attr(node, 'name') ?? '');
    }
  }
  return [...nodes].sort();
}

/** crm_mon's XML. @throws {PcsError} when the cluster does not run */
export async function statusXml(context: PcsContext): Promise<Element> {
  const { code, stdout, stderr } = await context.deps.tool('crm_mon', [
    '--one-shot',
    '--inactive',
    '--output-as',
    'xml',
  ]);
  if (code !== 0) fail(notRunning(`${stdout}${stderr}`));
  return parseXml(stdout);
}

/** The error for a crm_mon that failed (cli-pcs.md 15). */
export function notRunning(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return ['error running crm_mon, is pacemaker running?', ...lines.map((line) => `  ${line}`)].join('\n');
}
