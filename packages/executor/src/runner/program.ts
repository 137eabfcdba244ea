import { existsSync } from 'node:fs';
import { exitReasonOf, ocf, runCommand } from '@sanode/ocf';
import { paths } from '@sanode/runtime';
import { executionStatus } from '../client/types.ts';
import { agentPath } from '../native-agents.ts';
import type { ActionRequest, ActionResult } from '../operation.ts';
import { ocfEnvironment } from './environment.ts';

/** Names that may be put into a path: nothing that leads out of the folder. */
const safeName = /^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$/;
/** Output kept of an action, each stream. */
const maxOutputBytes = 512 * 1024;

/** A failure before anything ran. */
export function failure(status: number, code: number, exitReason: string): ActionResult {
  return { code, status, exitReason, stdout: '', stderr: '' };
}

/** Runs an OCF agent's program (executor-fencer-attrd.md 2.2, 2.5). `started` gets its pid, the process group's id. */
export async function runOcfProgram(request: ActionRequest, started: (pid: number) => void): Promise<ActionResult> {
  const { provider, type } = request.resource;
  if (!safeName.test(provider) || !safeName.test(type)) {
    return failure(executionStatus.notInstalled, ocf.installed, `ocf:${provider}:${type} is no agent's name`);
  }
  const path = agentPath(provider, type);
  return await runProgram(path, request.action, ocfEnvironment(request, process.env), started, (code) => code);
}

/** Runs an LSB script (2.3): `monitor` is asked as `status`, whose exit codes are other ones. */
export async function runLsbScript(request: ActionRequest, started: (pid: number) => void): Promise<ActionResult> {
  const { type } = request.resource;
  const path = `/etc/init.d/${type}`;
  if (!safeName.test(type) || !existsSync(path)) {
    return request.action === 'stop'
      ? failure(executionStatus.done, ocf.success, '')
      : failure(executionStatus.notInstalled, ocf.installed, `${path} does not exist`);
  }
  const isStatus = request.action === 'monitor' || request.action === 'status';
  const env = ocfEnvironment(request, process.env);
  return await runProgram(path, isStatus ? 'status' : request.action, env, started, (code) =>
    isStatus ? lsbStatusCode(code) : code <= 7 ? code : ocf.generic,
  );
}

/** OCF code for the exit code of an LSB script's `status`. */
export function lsbStatusCode(code: number): number {
  if (code === 0) return ocf.success;
  if (code >= 1 && code <= 3) return ocf.notRunning;
  if (code === 150) return ocf.installed;
  return code === 151 ? ocf.permission : ocf.generic;
}

/** Runs a program with one action and maps its exit code. */
export async function runProgram(
  path: string,
  action: string,
  env: Record<string, string>,
  started: (pid: number) => void,
  mapCode: (code: number) => number,
): Promise<ActionResult> {
  const result = await runCommand(path, [action], {
    env,
    cwd: existsSync(paths.executorWorkDir) ? paths.executorWorkDir : '/',
    detached: true,
    maxOutputBytes,
    onStart: started,
  });
  if (result.startError === 'ENOENT') {
    return failure(executionStatus.notInstalled, ocf.installed, `${path} does not exist`);
  }
  if (result.startError === 'EACCES') {
    return failure(executionStatus.error, ocf.permission, `${path} may not be executed`);
  }
  if (result.startError !== undefined) {
    return failure(executionStatus.error, ocf.generic, `${path} could not be started: ${result.startError}`);
  }
  const { stdout, stderr } = result;
  if (result.signal !== undefined) {
    const exitReason = `Resource agent interrupted by ${result.signal} signal`;
    return { code: ocf.generic, status: executionStatus.error, exitReason, stdout, stderr };
  }
  const exitReason = exitReasonOf(stderr);
  return { code: mapCode(result.code), status: executionStatus.done, exitReason, stdout, stderr };
}
