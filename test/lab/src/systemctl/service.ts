import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExecLine, environmentFile, environmentOf, parseExecLine, splitWords } from './exec-line.ts';
import { NotifySocket } from './notify-socket.ts';
import { invocationVariable, processesOf, signal } from './processes.ts';
import { isYes, spanMs, type Unit } from './unit-file.ts';

export type ActiveState = 'inactive' | 'activating' | 'active' | 'deactivating' | 'failed';

const defaultTimeoutMs = 90_000;
const defaultRestartMs = 100;
const defaultBurst = 5;
const defaultBurstMs = 10_000;
const pollMs = 20;

/** How a process ended. */
interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Folders the manager works in. */
export interface ServiceDirs {
  readonly runDir: string;
  readonly logDir: string;
}

/** One service: its processes, and its state as systemd would have it. */
export class Service {
  unit: Unit;
  state: ActiveState = 'inactive';
  result = 'success';
  mainPid = 0;
  statusText = '';
  activeSinceMs = 0;
  restarts = 0;
  /** Carries out `restart`, the restart that Restart= asks for, together with what hangs on this service. */
  aroundRestart: (restart: () => Promise<void>) => Promise<void> = (restart) => restart();
  readonly #dirs: ServiceDirs;
  readonly #log: (line: string) => void;
  #invocation = '';
  #main: { child: ChildProcess; ended: Promise<Ending> } | undefined;
  #notify: NotifySocket | undefined;
  #startsMs: number[] = [];
  #restartTimer: NodeJS.Timeout | undefined;
  /** Changes run one after another. */
  #job: Promise<unknown> = Promise.resolve();

  constructor(unit: Unit, dirs: ServiceDirs, log: (line: string) => void) {
    this.unit = unit;
    this.#dirs = dirs;
    this.#log = log;
  }

  get logFile(): string {
    return join(this.#dirs.logDir, `${this.unit.name}.log`);
  }

  /** Starts it; resolves when it is ready. @throws {Error} with the reason when it did not come up */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.state === 'active') return;
      clearTimeout(this.#restartTimer);
      this.#startsMs = [];
      await this.#startOnce();
    });
  }

  /** Stops it; resolves when its processes are gone, or may stay (KillMode=). */
  stop(): Promise<void> {
    // A start that still waits for readiness is given up.
    if (this.state === 'activating' && this.mainPid > 0) this.#killAll('SIGTERM');
    return this.#inTurn(async () => {
      clearTimeout(this.#restartTimer);
      if (this.state !== 'active') {
        if (this.state !== 'failed') this.state = 'inactive';
        return;
      }
      await this.#stopNow();
    });
  }

  reload(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.state !== 'active') throw new Error(`${this.unit.name} is not active, cannot reload.`);
      await this.#runAll('ExecReload', this.#environment());
    });
  }

  resetFailed(): void {
    if (this.state === 'failed') this.state = 'inactive';
    this.#startsMs = [];
    this.result = 'success';
  }

  kill(name: NodeJS.Signals): void {
    this.#killAll(name);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const job = this.#job.then(work);
    this.#job = job.catch(() => {});
    return job;
  }

  #get(key: string): string | undefined {
    return this.unit.value('Service', key);
  }

  #timeoutMs(key: string): number {
    const text = this.#get(key) ?? this.#get('TimeoutSec');
    const ms = text === undefined ? defaultTimeoutMs : spanMs(text);
    return ms === 0 ? Number.POSITIVE_INFINITY : ms;
  }

  async #startOnce(): Promise<void> {
    if (!this.#conditionsMet()) {
      this.state = 'inactive';
      return;
    }
    this.#checkStartLimit();
    this.state = 'activating';
    this.result = 'success';
    this.statusText = '';
    this.#invocation = randomUUID().replace(/-/g, '');
    try {
      this.#makeDirectories();
      const env = this.#environment();
      await this.#runAll('ExecStartPre', env);
      const type = this.#get('Type') ?? 'simple';
      if (type === 'oneshot') await this.#runAll('ExecStart', env);
      else if (['simple', 'exec', 'notify', 'idle'].includes(type)) await this.#startMain(type, env);
      else throw new Error(`Type=${type} is not supported by the lab's systemctl`);
      await this.#runAll('ExecStartPost', this.#environment());
      this.state = type === 'oneshot' && !isYes(this.#get('RemainAfterExit')) ? 'inactive' : 'active';
      this.activeSinceMs = Date.now();
    } catch (error) {
      this.#log(`${this.unit.name}: ${(error as Error).message}`);
      await this.#finalKill();
      this.#notify?.close();
      this.state = 'failed';
      if (this.result === 'success') this.result = 'exit-code';
      throw error;
    }
  }

  #checkStartLimit(): void {
    const burst = Number(this.unit.value('Unit', 'StartLimitBurst') ?? defaultBurst);
    const text = this.unit.value('Unit', 'StartLimitIntervalSec');
    const intervalMs = text === undefined ? defaultBurstMs : spanMs(text);
    const now = Date.now();
    this.#startsMs = this.#startsMs.filter((at) => now - at < intervalMs);
    if (intervalMs > 0 && this.#startsMs.length >= burst) {
      this.state = 'failed';
      this.result = 'start-limit-hit';
      throw new Error('Start request repeated too quickly.');
    }
    this.#startsMs.push(now);
  }

  #conditionsMet(): boolean {
    for (const condition of this.unit.values('Unit', 'ConditionPathExists')) {
      const wanted = !condition.startsWith('!');
      if (existsSync(condition.replace(/^[|!]+/, '')) !== wanted) {
        this.#log(
          `${this.unit.name} was skipped because of an unmet condition check (ConditionPathExists=${condition}).`,
        );
        return false;
      }
    }
    return true;
  }

  #makeDirectories(): void {
    for (const [key, base] of [
      ['RuntimeDirectory', '/run'],
      ['StateDirectory', '/var/lib'],
      ['LogsDirectory', '/var/log'],
    ] as const) {
      for (const name of this.unit.list('Service', key)) {
        const mode = Number.parseInt(this.#get(`${key}Mode`) ?? '0755', 8);
        mkdirSync(join(base, name), { recursive: true, mode });
      }
    }
  }

  #environment(): Record<string, string> {
    const env: Record<string, string> = {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LANG: 'C.UTF-8',
      [invocationVariable]: this.#invocation,
    };
    if (process.env['TZ'] !== undefined) env['TZ'] = process.env['TZ'];
    for (const text of this.unit.values('Service', 'Environment')) {
      Object.assign(env, environmentOf(splitWords(text).map((word) => word.text)));
    }
    for (const text of this.unit.values('Service', 'EnvironmentFile')) {
      const file = text.replace(/^-/, '');
      if (existsSync(file)) Object.assign(env, environmentFile(readFileSync(file, 'utf8')));
      else if (!text.startsWith('-')) throw new Error(`Failed to load environment file ${file}`);
    }
    if (this.mainPid > 0) env['MAINPID'] = String(this.mainPid);
    return env;
  }

  async #runAll(key: string, env: Record<string, string>): Promise<void> {
    for (const line of this.unit.values('Service', key)) {
      const command = parseExecLine(line, env);
      const ending = await this.#spawn(command, env).ended;
      if (ending.code === 0 || command.ignoreFailure) continue;
      throw new Error(`${key}: ${command.argv[0]} ${describe(ending)}`);
    }
  }

  #spawn(command: ExecLine, env: Record<string, string>): { child: ChildProcess; ended: Promise<Ending> } {
    mkdirSync(this.#dirs.logDir, { recursive: true });
    const log = openSync(this.logFile, 'a', 0o640);
    const [program, ...args] = command.argv;
    const child = spawn(program as string, args, {
      env,
      stdio: ['ignore', log, log],
      detached: true,
      cwd: this.#get('WorkingDirectory') ?? '/',
    });
    closeSync(log);
    const ended = new Promise<Ending>((resolve) => {
      child.once('error', (error) => {
        this.#log(`${this.unit.name}: ${program}: ${error.message}`);
        resolve({ code: 203, signal: null });
      });
      child.once('exit', (code, signalName) => resolve({ code, signal: signalName }));
    });
    return { child, ended };
  }

  async #startMain(type: string, env: Record<string, string>): Promise<void> {
    const lines = this.unit.values('Service', 'ExecStart');
    if (lines.length !== 1) throw new Error(`a service of type ${type} has exactly one ExecStart=`);
    let ready: () => void = () => {};
    const readiness = new Promise<void>((resolve) => {
      ready = resolve;
    });
    if (type === 'notify') {
      const path = join(this.#dirs.runDir, `${this.unit.name}.notify`);
      this.#notify = new NotifySocket(path, (fields) => {
        this.statusText = fields.get('STATUS') ?? this.statusText;
        if (fields.get('READY') === '1') ready();
      });
      env['NOTIFY_SOCKET'] = path;
    } else {
      ready();
    }
    const main = this.#spawn(parseExecLine(lines[0] as string, env), env);
    this.#main = main;
    this.mainPid = main.child.pid ?? 0;
    const timeoutMs = this.#timeoutMs('TimeoutStartSec');
    const outcome = await Promise.race([readiness.then(() => 'ready' as const), main.ended, after(timeoutMs)]);
    if (outcome === 'ready') {
      this.#notify?.relax();
      void main.ended.then((ending) => this.#mainEnded(main, ending));
      return;
    }
    if (outcome === undefined) {
      this.result = 'timeout';
      throw new Error(`start operation timed out after ${timeoutMs / 1000} s`);
    }
    this.mainPid = 0;
    this.#main = undefined;
    this.result = outcome.signal === null ? 'exit-code' : 'signal';
    throw new Error(`Main process ${describe(outcome)}`);
  }

  /** The main process of an active service ended by itself. */
  #mainEnded(main: { child: ChildProcess }, ending: Ending): void {
    if (this.#main !== main || this.state === 'deactivating') return;
    void this.#inTurn(async () => {
      if (this.#main !== main || this.state !== 'active') return;
      this.#main = undefined;
      this.mainPid = 0;
      this.#notify?.close();
      const clean = this.#isClean(ending);
      this.result = clean ? 'success' : ending.signal === null ? 'exit-code' : 'signal';
      this.#log(`${this.unit.name}: Main process ${describe(ending)}`);
      await this.#finalKill();
      this.state = clean ? 'inactive' : 'failed';
      if (this.#wantsRestart(ending, clean)) this.#restartLater();
    });
  }

  #isClean(ending: Ending): boolean {
    if (ending.code === 0 || ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGPIPE'].includes(ending.signal ?? '')) return true;
    return this.unit.list('Service', 'SuccessExitStatus').some((text) => matches(text, ending));
  }

  #wantsRestart(ending: Ending, clean: boolean): boolean {
    if (this.unit.list('Service', 'RestartPreventExitStatus').some((text) => matches(text, ending))) return false;
    if (this.unit.list('Service', 'RestartForceExitStatus').some((text) => matches(text, ending))) return true;
    switch (this.#get('Restart') ?? 'no') {
      case 'always':
        return true;
      case 'on-success':
        return clean;
      case 'on-failure':
        return !clean;
      case 'on-abnormal':
      case 'on-abort':
        return !clean && ending.signal !== null;
      default:
        return false;
    }
  }

  #restartLater(): void {
    const text = this.#get('RestartSec');
    this.state = 'activating';
    this.#restartTimer = setTimeout(
      () => {
        void this.#inTurn(async () => {
          if (this.state !== 'activating') return;
          this.restarts += 1;
          this.#log(`${this.unit.name}: Scheduled restart job, restart counter is at ${this.restarts}.`);
          await this.aroundRestart(() => this.#startOnce());
        }).catch((error: unknown) => this.#log(`${this.unit.name}: ${(error as Error).message}`));
      },
      text === undefined ? defaultRestartMs : spanMs(text),
    );
  }

  async #stopNow(): Promise<void> {
    this.state = 'deactivating';
    const main = this.#main;
    const timeoutMs = this.#timeoutMs('TimeoutStopSec');
    let failed = false;
    try {
      await this.#runAll('ExecStop', this.#environment());
    } catch (error) {
      this.#log(`${this.unit.name}: ${(error as Error).message}`);
    }
    const killSignal = (this.#get('KillSignal') ?? 'SIGTERM') as NodeJS.Signals;
    const mode = this.#get('KillMode') ?? 'control-group';
    if (mode !== 'none') {
      if (mode === 'control-group') this.#killAll(killSignal);
      else if (this.mainPid > 0) signal(this.mainPid, killSignal);
      const ending =
        main === undefined ? { code: 0, signal: null } : await Promise.race([main.ended, after(timeoutMs)]);
      failed = ending === undefined;
      if (ending === undefined) {
        this.#log(`${this.unit.name}: State 'stop-sigterm' timed out.`);
        if (this.#sendsKill() && this.mainPid > 0) {
          signal(this.mainPid, 'SIGKILL');
          await main?.ended;
        }
      } else if (!this.#isClean(ending)) {
        failed = true;
      }
      await this.#finalKill();
    }
    this.#main = undefined;
    this.mainPid = 0;
    this.#notify?.close();
    try {
      await this.#runAll('ExecStopPost', this.#environment());
    } catch (error) {
      this.#log(`${this.unit.name}: ${(error as Error).message}`);
    }
    this.state = failed ? 'failed' : 'inactive';
    if (failed && this.result === 'success') this.result = 'timeout';
  }

  #sendsKill(): boolean {
    const text = this.#get('SendSIGKILL');
    return text === undefined || isYes(text);
  }

  /** What is left of the service after its main process, as KillMode= wants. */
  async #finalKill(): Promise<void> {
    const mode = this.#get('KillMode') ?? 'control-group';
    if (this.#invocation === '' || mode === 'process' || mode === 'none') {
      if (this.mainPid > 0 && mode !== 'none') signal(this.mainPid, 'SIGKILL');
      return;
    }
    this.#killAll(mode === 'mixed' ? 'SIGKILL' : 'SIGTERM');
    const deadline = Date.now() + Math.min(this.#timeoutMs('TimeoutStopSec'), defaultTimeoutMs);
    while (processesOf(this.#invocation).length > 0) {
      if (Date.now() > deadline) {
        if (!this.#sendsKill()) return;
        this.#killAll('SIGKILL');
      }
      await after(pollMs);
    }
  }

  #killAll(name: NodeJS.Signals): void {
    if (this.#invocation === '') return;
    for (const pid of processesOf(this.#invocation)) signal(pid, name);
  }
}

function describe(ending: Ending): string {
  return ending.signal === null ? `exited, status=${ending.code}` : `was killed by ${ending.signal}`;
}

function matches(text: string, ending: Ending): boolean {
  return text === String(ending.code) || text === ending.signal || `SIG${text}` === ending.signal;
}

/** Resolves with undefined after a time; never for infinity. */
function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    if (Number.isFinite(ms)) setTimeout(() => resolve(undefined), Math.min(ms, 2_147_483_647));
  });
}
