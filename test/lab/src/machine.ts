import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Switch } from './switch.ts';

const initScript = fileURLToPath(new URL('./machine-init.sh', import.meta.url));

/** What a machine is made of. */
export interface MachineOptions {
  name: string;
  /** IPv4 address on the lab's network, with prefix length: `10.10.20.61/24`. */
  address: string;
  /** Folder of its disk; kept over power cuts. */
  diskDir: string;
  /** Folders laid over /usr/sbin, `:` between them: the programs installed on it. */
  sbinDir: string;
  /** Folder laid over /usr/lib: agents and units installed on it. */
  usrLibDir: string;
  /** The lab runs in a user namespace with a single uid. */
  userNamespace: boolean;
}

/** How a command on a machine ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Environment of everything on a machine; nothing of the host's leaks in but the temporary folder. */
const machineEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  TZ: 'UTC',
};

/**
 * One machine: processes in network, mount, UTS, IPC and PID namespaces of their own. Power off kills them all at
 * once; the disk stays.
 */
export class Machine {
  readonly name: string;
  readonly address: string;
  /** Called after each change of {@link initPid}. */
  onPower: () => void = () => {};
  readonly #options: MachineOptions;
  readonly #switch: Switch;
  #process: ChildProcess | undefined;
  #initPid: number | undefined;

  constructor(deps: { switch: Switch }, options: MachineOptions) {
    this.name = options.name;
    this.address = options.address.split('/')[0] as string;
    this.#options = options;
    this.#switch = deps.switch;
  }

  get diskDir(): string {
    return this.#options.diskDir;
  }

  /** Process id, seen from outside, of the machine's PID 1; undefined while the power is off. */
  get initPid(): number | undefined {
    return this.#initPid;
  }

  get isOn(): boolean {
    return this.#initPid !== undefined;
  }

  /** Powers on: namespaces, disk, cable, boot. @throws {Error} with the machine's own words when it does not come up */
  async powerOn(): Promise<void> {
    if (this.isOn) return;
    const { diskDir, name, sbinDir, usrLibDir, userNamespace } = this.#options;
    mkdirSync(diskDir, { recursive: true });
    const child = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', 'unshare', '--net', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child'],
        ...[initScript, diskDir, name, sbinDir, usrLibDir],
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
        env: { ...machineEnvironment, ...(userNamespace ? { OVERLAY_OPTIONS: 'userxattr' } : {}) },
      },
    );
    this.#process = child;
    let words = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-4096);
    });
    child.once('exit', () => this.#off(child));
    const marker = join(diskDir, 'booting');
    await until(() => child.exitCode !== null || child.signalCode !== null || existsSync(marker), 10_000);
    if (!existsSync(marker)) throw new Error(`machine ${name} did not come up: ${words.trim() || 'no reason given'}`);
    this.#initPid = firstChildOf(child.pid as number);
    if (this.#initPid === undefined) throw new Error(`machine ${name} has no PID 1`);
    await this.#switch.plug(name, this.#initPid, this.#options.address);
    this.onPower();
    rmSync(marker, { force: true });
  }

  /** Cuts the power: cable and processes at once. @returns monotonic time of the cut, ms */
  async powerOff(): Promise<number> {
    const pid = this.#initPid;
    if (pid === undefined) return performance.now();
    const child = this.#process;
    const gone = new Promise<void>((resolve) => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) resolve();
      else child.once('exit', () => resolve());
    });
    const cable = this.#switch.unplug(this.name);
    process.kill(pid, 'SIGKILL');
    const cutMs = performance.now();
    await Promise.all([gone, cable]);
    return cutMs;
  }

  /** Pulls the cable, or plugs it in again; everything on the machine runs on. */
  async setCable(plugged: boolean): Promise<void> {
    if (plugged) await this.#switch.connect(this.name);
    else await this.#switch.unplug(this.name);
  }

  /** Runs a program on the machine. Never throws for its exit code. @throws {Error} when the power is off */
  async exec(
    command: readonly string[],
    options: { input?: string; timeoutMs?: number; onOutput?: (text: string) => void } = {},
  ): Promise<CommandResult> {
    const child = execa('nsenter', [...this.#enter(), ...command], {
      reject: false,
      extendEnv: false,
      env: machineEnvironment,
      ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
      timeout: options.timeoutMs ?? 120_000,
    });
    if (options.onOutput !== undefined) {
      child.stdout?.on('data', (chunk: Buffer) => options.onOutput?.(chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => options.onOutput?.(chunk.toString()));
    }
    const result = await child;
    return {
      exitCode: result.exitCode ?? (result.timedOut ? 124 : 1),
      stdout: String(result.stdout ?? ''),
      stderr: String(result.stderr ?? ''),
    };
  }

  /** Starts a program on the machine that runs on until it ends or the power is cut. */
  spawn(command: readonly string[], stdio: 'ignore' | 'pipe' = 'ignore'): ChildProcess {
    return spawn('nsenter', [...this.#enter(), ...command], {
      stdio: ['ignore', stdio, stdio],
      env: machineEnvironment,
    });
  }

  /** Process ids, on the machine, of the processes whose command line contains all the words. */
  async pidsOf(...words: readonly string[]): Promise<number[]> {
    const { stdout } = await this.exec(['ps', '-eo', 'pid=,args=', '-ww']);
    return stdout
      .split('\n')
      .filter((line) => words.every((word) => line.includes(word)) && !line.includes('ps -eo'))
      .map((line) => Number.parseInt(line, 10));
  }

  #enter(): string[] {
    if (this.#initPid === undefined) throw new Error(`machine ${this.name} is off`);
    return ['-t', String(this.#initPid), '-m', '-u', '-i', '-n', '-p', '--'];
  }

  #off(child: ChildProcess): void {
    if (this.#process !== child) return;
    this.#process = undefined;
    this.#initPid = undefined;
    if (existsSync(this.#options.diskDir)) this.onPower();
  }
}

/** The only child of a process, which `unshare --fork` makes the new namespace's PID 1. */
function firstChildOf(pid: number): number | undefined {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? undefined : Number(text.split(' ')[0]);
}

/** Waits until `condition` holds, looking every 10 ms. @returns whether it held within `timeoutMs` */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  everyMs = 10,
): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= endMs) return false;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Runs a command that has to succeed. @returns what it printed @throws {Error} with everything it said */
export async function mustOn(machine: Machine, command: readonly string[], input?: string): Promise<string> {
  const result = await machine.exec(command, input === undefined ? {} : { input });
  if (result.exitCode === 0) return result.stdout;
  throw new Error(
    `${machine.name}# ${command.join(' ')}\nexit code ${result.exitCode}\n${result.stdout}\n${result.stderr}`,
  );
}
