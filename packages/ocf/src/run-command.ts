import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

/** Settings of one program's run. */
export interface CommandOptions {
  /** Environment; default: the operation's. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Written to its standard input; nothing (/dev/null) where absent. */
  input?: string;
  /** Own process group, so that it and its children can be killed together. Default false. */
  detached?: boolean;
  /** Account that it runs as; needs root. Default: this process's. */
  uid?: number;
  gid?: number;
  /** Milliseconds after which the process (its group when `detached`) gets SIGKILL. Absent: no limit. */
  timeoutMs?: number;
  /** Bytes kept of each stream; the rest is read and dropped. Default 256 KiB. */
  maxOutputBytes?: number;
  /** Called with the pid once the process runs. */
  onStart?(pid: number): void;
}

export interface CommandResult {
  /** Exit code; 128 + signal number when killed; 127 not found, 126 no permission or not executable. */
  readonly code: number;
  readonly signal: NodeJS.Signals | undefined;
  readonly timedOut: boolean;
  /** errno name when the process could not be started. */
  readonly startError: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Bytes dropped beyond the limit. */
  readonly droppedBytes: number;
}

const defaultMaxOutputBytes = 256 * 1024;
/** How long output that is still in the pipes is read after the process has ended. */
const drainMs = 20;

/**
 * Runs a program without a shell. The result is taken when the process itself ends (`exit`), not when its pipes close:
 * a daemon that it left behind may keep them open for ever (ocf-agents.md 1.1).
 */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = start(file, args, options);
    if ('code' in child) {
      resolve(notStarted(child.code));
      return;
    }
    const limit = options.maxOutputBytes ?? defaultMaxOutputBytes;
    const stdout = new BoundedOutput(limit);
    const stderr = new BoundedOutput(limit);
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', () => {});
    if (options.input !== undefined) child.stdin?.end(options.input);
    let timedOut = false;
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            killTree(child, options.detached === true);
          }, options.timeoutMs);
    let settled = false;
    const finish = (result: CommandResult): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve(result);
    };
    child.once('error', (error: NodeJS.ErrnoException) => finish(notStarted(error.code ?? 'UNKNOWN')));
    child.once('spawn', () => {
      if (child.pid !== undefined) options.onStart?.(child.pid);
    });
    child.once('exit', (code, signal) => {
      const collect = (): void =>
        finish({
          code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
          signal: signal ?? undefined,
          timedOut,
          startError: undefined,
          stdout: stdout.text(),
          stderr: stderr.text(),
          droppedBytes: stdout.dropped + stderr.dropped,
        });
      child.once('close', collect);
      setTimeout(collect, drainMs);
    });
  });
}

function start(file: string, args: readonly string[], options: CommandOptions): ChildProcess | { code: string } {
  try {
    return spawn(file, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      detached: options.detached === true,
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: { ...options.env } }),
    });
  } catch (error) {
    // A NUL byte in an argument and the like: spawn throws at once.
    return { code: (error as NodeJS.ErrnoException).code ?? 'EINVAL' };
  }
}

function killTree(child: ChildProcess, group: boolean): void {
  if (child.pid === undefined) return;
  try {
    process.kill(group ? -child.pid : child.pid, 'SIGKILL');
  } catch {
    // It ended in this very moment; `exit` follows.
  }
}

function notStarted(errno: string): CommandResult {
  return {
    code: errno === 'ENOENT' ? 127 : 126,
    signal: undefined,
    timedOut: false,
    startError: errno,
    stdout: '',
    stderr: '',
    droppedBytes: 0,
  };
}

class BoundedOutput {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #kept = 0;
  dropped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    const room = this.#limit - this.#kept;
    if (room > 0) this.#chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    this.#kept += Math.min(room, chunk.length);
    this.dropped += Math.max(0, chunk.length - room);
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
