import { type AgentContext, type OcfCode, ocf } from '@sanode/ocf';
import { getPage, matches } from './http.ts';
import { runningMaster } from './processes.ts';
import { isExecutable, type NginxSetup, readSmallFile } from './program.ts';
import { readTest } from './test-file.ts';

/** monitor: running by the pid file, then the level's test (ocf-agents.md 3.6). */
export async function monitor(context: AgentContext, setup: NginxSetup): Promise<OcfCode> {
  if (runningMaster(setup.pidFile, setup.program.path) === undefined) {
    context.log('info', 'nginx not running');
    return ocf.notRunning;
  }
  if (context.checkLevel < 10) return ocf.success;
  if (context.checkLevel < 20) return await statusTest(context, setup);
  if (context.checkLevel < 30) return await extendedTest(context, setup);
  return await commandTest(context);
}

/** URL of the status page: the parameter, else what the configuration says. */
export function statusUrl(context: Pick<AgentContext, 'param'>, setup: NginxSetup): string {
  return context.param('status10url') || `http://${setup.config.listen}${setup.config.statusPath}`;
}

function clientOf(context: AgentContext): string {
  return context.env['OCF_RESKEY_client'] || context.param('testclient');
}

async function statusTest(context: AgentContext, setup: NginxSetup): Promise<OcfCode> {
  return await pageTest(context, statusUrl(context, setup), context.param('status10regex'), clientOf(context));
}

async function pageTest(
  context: AgentContext,
  url: string,
  expression: string,
  client: string,
  options: readonly string[] = [],
  login?: { user: string; password: string },
): Promise<OcfCode> {
  const page = await getPage(context, url, client, options, login);
  if ('error' in page) {
    context.log('err', `${url}: ${page.error}`);
    return ocf.generic;
  }
  const found = matches(page.body, expression);
  if (found === undefined) {
    context.exitReason(`"${expression}" is no regular expression`);
    return ocf.configured;
  }
  if (!found) context.log('err', `${url}: the answer does not match "${expression}"`);
  return found ? ocf.success : ocf.generic;
}

async function extendedTest(context: AgentContext, setup: NginxSetup): Promise<OcfCode> {
  const file = context.param('test20conffile');
  const text = file === '' ? undefined : readSmallFile(file);
  const test =
    text === undefined
      ? { url: context.param('test20url'), match: context.param('test20regex') }
      : readTest(text, context.param('test20name'));
  if ('problem' in test) context.log('err', test.problem);
  if ('problem' in test || test.url === '' || test.match === '') {
    context.exitReason('test regular expression or test url empty');
    return ocf.configured;
  }
  const { user = '', password = '', client = '', clientOptions = [] } = 'user' in test ? test : {};
  if ((user === '') !== (password === '')) {
    context.exitReason('bad user authentication for extended test');
    return ocf.configured;
  }
  const url = test.url.startsWith('http') ? test.url : `http://${setup.config.listen}${test.url}`;
  const login = user === '' ? undefined : { user, password };
  return await pageTest(context, url, test.match, client || clientOf(context), clientOptions, login);
}

async function commandTest(context: AgentContext): Promise<OcfCode> {
  const [word, ...args] = context.param('external_monitor30_cmd').split(/\s+/).filter(Boolean);
  if (word === undefined) {
    context.exitReason(' level 30 Monitor Command not configured.');
    return ocf.configured;
  }
  const program = findInPath(word, context.env['PATH']);
  if (program === undefined) {
    context.exitReason(` monitor command [${word}] is not installed.`);
    return ocf.configured;
  }
  const result = await context.run(program, args);
  if (result.code === 0) return ocf.success;
  context.exitReason(`${word} reported failure [rc=${result.code}]`);
  return ocf.notRunning;
}

/** A program by its path, or by its name in PATH and the system's folders. */
function findInPath(word: string, path: string | undefined): string | undefined {
  if (word.includes('/')) return isExecutable(word) ? word : undefined;
  const folders = `${path ?? ''}:/sbin:/bin:/usr/sbin:/usr/bin`.split(':').filter((folder) => folder.startsWith('/'));
  return folders.map((folder) => `${folder}/${word}`).find(isExecutable);
}
