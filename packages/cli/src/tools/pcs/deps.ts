import { lookup } from 'node:dns/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { agentMetadata, listAgents, listProviders } from '@sanode/executor';
import { paths } from '@sanode/runtime';
import { execa } from 'execa';
import type { ToolIo } from '../../io.ts';
import { loadTool } from '../../registry.ts';
import { fileCib } from './cib-store.ts';
import type { PcsDeps, PcsFiles, RunResult, ValidatedAgent } from './context.ts';
import { fail } from './errors.ts';
import { httpsRequester, requestTimeoutMs } from './http.ts';
import { liveCib } from './live-cib.ts';

/** Most time a `systemctl` call may take, ms; stopping a node can wait for its resources. */
const systemctlTimeoutMs = 30 * 60_000;

/** The administrator's files. */
export function systemFiles(): PcsFiles {
  return {
    corosyncConf: paths.corosyncConf,
    corosyncAuthkey: paths.corosyncAuthkey,
    pacemakerAuthkey: '/etc/pacemaker/authkey',
    knownHosts: join(paths.pcsdStateDir, 'known-hosts'),
    pcsdStateDir: paths.pcsdStateDir,
    cibDir: paths.cibDir,
  };
}

/** What the command uses on a real machine. */
export function systemDeps(io: ToolIo, timeoutSeconds: string | undefined): PcsDeps {
  const seconds = timeoutSeconds === undefined ? requestTimeoutMs / 1000 : Number(timeoutSeconds);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 86_400) {
    fail(`'${timeoutSeconds}' is not a valid --request-timeout value, use 1..86400`);
  }
  return {
    files: systemFiles(),
    agents: {
      metadata: async (standard, provider, type) => (await agentMetadata(standard, provider, type)).root,
      validate: validateWithAgent,
      list: async () => listAllAgents(),
    },
    hosts: httpsRequester(seconds * 1000),
    openCib: (file) => (file === undefined ? liveCib() : fileCib(file)),
    tool: (name, argv, env) => runTool(io, name, argv, env ?? {}),
    systemctl,
    ask: asker(),
    resolve: resolveName,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    nowMs: () => Date.now(),
  };
}

/** How long an agent may take to check its parameters, ms. */
const validationTimeoutMs = 20_000;

async function validateWithAgent(
  agent: ValidatedAgent,
  options: ReadonlyMap<string, string>,
): Promise<{ code: number; message: string } | undefined> {
  if (agent.standard !== 'ocf' || agent.provider === undefined) return undefined;
  const env: Record<string, string> = { OCF_ROOT: paths.ocfRoot, OCF_RESOURCE_INSTANCE: 'pcs-validation', LC_ALL: 'C' };
  env['OCF_RA_VERSION_MAJOR'] = '1';
  for (const [name, value] of options) env[`OCF_RESKEY_${name}`] = value;
  const program = `${paths.ocfRoot}/resource.d/${agent.provider}/${agent.type}`;
  const result = await execa(program, ['validate-all'], {
    env,
    reject: false,
    stdin: 'ignore',
    timeout: validationTimeoutMs,
  });
  if (result.exitCode === undefined) return undefined;
  return { code: result.exitCode, message: `${result.stderr}\n${result.stdout}`.trim() };
}

async function listAllAgents(): Promise<string[]> {
  return listProviders().flatMap((provider) => listAgents(provider).map((type) => `ocf:${provider}:${type}`));
}

/** Runs `systemctl`, the one that PATH finds. */
export async function systemctl(argv: readonly string[]): Promise<RunResult> {
  const result = await execa('systemctl', argv, { reject: false, stdin: 'ignore', timeout: systemctlTimeoutMs });
  if (result.exitCode === undefined) {
    const reason = result.timedOut ? 'no answer within 30 minutes' : result.shortMessage;
    return { code: 127, stdout: '', stderr: `systemctl: ${reason}` };
  }
  return { code: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

/** Runs one of our tools in this process and catches its output. */
async function runTool(
  io: ToolIo,
  name: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<RunResult> {
  const tool = await loadTool(name);
  if (tool === undefined) return { code: 127, stdout: '', stderr: `${name}: this tool is not part of this build yet` };
  let stdout = '';
  let stderr = '';
  const inner: ToolIo = {
    ...io,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    env: { ...io.env, LC_ALL: 'C', ...env },
    isTty: false,
  };
  const code = await tool.run([...argv], inner);
  return { code, stdout, stderr };
}

async function resolveName(name: string): Promise<string[]> {
  try {
    return (await lookup(name, { all: true })).map((found) => found.address);
  } catch {
    return [];
  }
}

/** Asks questions one after the other on one reader, so that lines piped in at once are not lost. */
function asker(): PcsDeps['ask'] {
  let lines: string[] | undefined;
  return async (question, hidden) => {
    if (process.stdin.isTTY) return askTerminal(question, hidden);
    process.stdout.write(question);
    lines ??= await readLines();
    const line = lines.shift();
    if (line === undefined)
      fail(`no answer to '${question.trim()}' on standard input; give it there, or use -u and -p`);
    return line;
  };
}

/** Longest input with answers, bytes. */
const maxAnswerBytes = 64 * 1024;

async function readLines(): Promise<string[]> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += (chunk as Buffer).toString('utf8');
    if (text.length > maxAnswerBytes) fail(`standard input is over ${maxAnswerBytes} bytes`);
  }
  return text.split(/\r?\n/).slice(0, text.endsWith('\n') ? -1 : undefined);
}

function askTerminal(question: string, hidden: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = createInterface({
      input: process.stdin,
      output: hidden ? undefined : process.stdout,
      terminal: true,
    });
    if (hidden) process.stdout.write(question);
    let answered = false;
    reader.on('close', () => {
      if (!answered) reject(new Error('interrupted'));
    });
    reader.question(hidden ? '' : question, (answer) => {
      answered = true;
      if (hidden) process.stdout.write('\n');
      reader.close();
      resolve(answer);
    });
  });
}
