import { type AgentContext, type OcfCode, ocf, squeeze } from '@sanode/ocf';
import { monitor } from './monitor.ts';
import { childrenOf, processInfo, remainingProcesses, runningMaster, sendSignal } from './processes.ts';
import { type NginxSetup, nginxArguments } from './program.ts';

const startPollMs = 20;
const logEveryMs = 1000;
const stopPollMs = 10;
/** How long SIGTERM is given before SIGKILL. */
const termWaitMs = 10_000;
const killWaitMs = 2000;

/** start (ocf-agents.md 3.5). */
export async function start(context: AgentContext, setup: NginxSetup): Promise<OcfCode> {
  const running = runningMaster(setup.pidFile, setup.program.path);
  if (running !== undefined) {
    context.log('info', `nginx already running (pid ${running.pid})`);
    return ocf.success;
  }
  const { path } = setup.program;
  const test = await context.run(path, nginxArguments(setup, '-t'));
  context.log(test.code === 0 ? 'info' : 'err', squeeze(test.stdout + test.stderr));
  if (test.code !== 0) return ocf.installed;
  context.log('info', `Starting ${path} - ${setup.program.version}`);
  context.log('info', `${path} build configuration: ${setup.program.buildLine}`);
  const launched = await context.run(path, nginxArguments(setup));
  if (launched.code !== 0) {
    context.log('err', squeeze(launched.stdout + launched.stderr));
    return ocf.generic;
  }
  return await waitUntilUp(context, setup);
}

async function waitUntilUp(context: AgentContext, setup: NginxSetup): Promise<OcfCode> {
  const command = `${setup.program.path} ${nginxArguments(setup).join(' ')}`;
  const quiet: AgentContext = { ...context, log: () => {} };
  let tries = 0;
  let loggedAtMs = performance.now();
  for (;;) {
    const code = await monitor(quiet, setup);
    if (code !== ocf.notRunning) return code;
    if (performance.now() - loggedAtMs >= logEveryMs) {
      tries += 1;
      loggedAtMs = performance.now();
      context.log('info', `Waiting for ${command} to come up (try ${tries})`);
    }
    await context.sleep(startPollMs);
  }
}

/**
 * stop: SIGTERM to the master, SIGKILL to it and its workers when that does not help; then everything else that belongs
 * to this configuration, orphaned workers included. 1 if anything survives: the reference's 0 would let a second nginx
 * start elsewhere while this one serves (safer deviation of ocf-agents.md 3.5).
 */
export async function stop(context: AgentContext, setup: NginxSetup): Promise<OcfCode> {
  const master = runningMaster(setup.pidFile, setup.program.path);
  if (master === undefined) context.log('info', 'nginx is not running.');
  else await stopMaster(context, master.pid);
  const left = await stopRemains(context, setup);
  if (left.length === 0) return ocf.success;
  context.exitReason(`nginx still running (${left.join(' ')}).`);
  return ocf.generic;
}

async function stopMaster(context: AgentContext, pid: number): Promise<void> {
  const workers = childrenOf(pid);
  if (!sendSignal(pid, 'SIGTERM')) context.log('warn', `Killing nginx PID ${pid} FAILED.`);
  if (!(await goneWithin(context, [pid], termWaitMs))) {
    context.log('warn', `nginx PID ${pid} did not end on SIGTERM within ${termWaitMs / 1000} s; killing it`);
    for (const one of [pid, ...workers]) sendSignal(one, 'SIGKILL');
    await goneWithin(context, [pid, ...workers], killWaitMs);
  }
  if (processInfo(pid) === undefined) context.log('info', 'nginx stopped.');
  else context.log('err', `nginx still running (${pid}).`);
}

async function stopRemains(context: AgentContext, setup: NginxSetup): Promise<number[]> {
  const seen = new Set<number>();
  const find = (): number[] => {
    const found = remainingProcesses(setup.program.path, setup.configFile, seen).map((info) => info.pid);
    for (const pid of found) seen.add(pid);
    return found;
  };
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGKILL'] as const) {
    const pids = find();
    if (pids.length === 0) return [];
    for (const pid of pids) sendSignal(pid, signal);
    context.log('info', `nginxd children were signalled (${signal})`);
    await goneWithin(context, pids, killWaitMs / 2);
  }
  return find();
}

async function goneWithin(context: AgentContext, pids: readonly number[], limitMs: number): Promise<boolean> {
  const endMs = performance.now() + limitMs;
  while (pids.some((pid) => processInfo(pid) !== undefined)) {
    if (performance.now() >= endMs) return false;
    await context.sleep(stopPollMs);
  }
  return true;
}

/** reload: SIGHUP to the master; start if it does not run. */
export async function reload(context: AgentContext, setup: NginxSetup): Promise<OcfCode> {
  const running = runningMaster(setup.pidFile, setup.program.path);
  if (running === undefined) return await start(context, setup);
  return sendSignal(running.pid, 'SIGHUP') ? ocf.success : ocf.generic;
}

/** status: for people. */
export function status(context: AgentContext, setup: NginxSetup): OcfCode {
  const running = runningMaster(setup.pidFile, setup.program.path);
  context.log('info', running === undefined ? 'nginx is stopped.' : `nginx is running (pid ${running.pid}).`);
  return running === undefined ? ocf.notRunning : ocf.success;
}
