import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Service } from './service.ts';
import { loadUnit, type Unit, unitPath } from './unit-file.ts';

/** Answer to a command: what `systemctl` prints, and its exit code. */
export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ManagerOptions {
  /** State of this boot: notify sockets, the manager's log. */
  runDir: string;
  /** State that outlives a reboot: which units are enabled. */
  stateDir: string;
  /** Output of services, a file each. */
  logDir: string;
  unitFolders: readonly string[];
}

/** Where the manager keeps things; SANODE_SYSTEMCTL_DIR puts everything into one folder (tests). */
export function managerOptions(env: Readonly<Record<string, string | undefined>>): ManagerOptions {
  const base = env['SANODE_SYSTEMCTL_DIR'];
  const at = (name: string, fallback: string): string => (base === undefined ? fallback : join(base, name));
  return {
    runDir: at('run', '/run/systemctl-lab'),
    stateDir: at('lib', '/var/lib/systemctl-lab'),
    logDir: at('log', '/var/log/systemctl-lab'),
    unitFolders: unitPath(env),
  };
}

const inactiveCode = 3;
const notFoundCode = 5;
/** Lines of a service's output that `status` shows. */
const statusLines = 10;

class UnitError extends Error {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** The service manager of a machine without systemd: what `systemctl` asks it for, it does. */
export class Manager {
  readonly #options: ManagerOptions;
  readonly #services = new Map<string, Service>();

  constructor(options: ManagerOptions) {
    this.#options = options;
    for (const folder of [options.runDir, options.stateDir, options.logDir]) mkdirSync(folder, { recursive: true });
  }

  /** Carries out one command line of `systemctl`. Never throws. */
  async run(argv: readonly string[]): Promise<Answer> {
    const options = argv.filter((word) => word.startsWith('-'));
    const [command = 'list-units', ...names] = argv.filter((word) => !word.startsWith('-'));
    const units = names.map(fullName);
    try {
      return await this.#dispatch(command, units, options);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return { code: error instanceof UnitError ? error.code : 1, stdout: '', stderr: `${error.message}\n` };
    }
  }

  async #dispatch(command: string, units: readonly string[], options: readonly string[]): Promise<Answer> {
    switch (command) {
      case 'start':
        return this.#each(units, (name) => this.#start(name, new Set()));
      case 'stop':
        return this.#each(units, (name) => this.#stop(name));
      case 'restart':
        return this.#each(units, async (name) => {
          await this.#stop(name);
          await this.#start(name, new Set());
        });
      case 'try-restart':
        return this.#each(units, async (name) => {
          if (this.#service(name).state !== 'active') return;
          await this.#stop(name);
          await this.#start(name, new Set());
        });
      case 'reload':
        return this.#each(units, (name) => this.#service(name).reload());
      case 'kill':
        return this.#each(units, async (name) => this.#service(name).kill(signalOption(options)));
      case 'enable':
      case 'disable':
        return this.#enable(units, command === 'enable', options.includes('--now'));
      case 'is-active':
        return this.#states(
          units,
          (name) => this.#stateOf(name),
          (state) => state === 'active',
          inactiveCode,
        );
      case 'is-failed':
        return this.#states(
          units,
          (name) => this.#stateOf(name),
          (state) => state === 'failed',
          1,
        );
      case 'is-enabled':
        return this.#states(
          units,
          (name) => this.#enabledState(name),
          (state) => state === 'enabled',
          1,
        );
      case 'show':
        return { code: 0, stdout: units.map((name) => this.#show(name, options)).join('\n'), stderr: '' };
      case 'status':
        return this.#status(units);
      case 'daemon-reload':
        this.#reloadUnits();
        return { code: 0, stdout: '', stderr: '' };
      case 'reset-failed':
        for (const service of this.#services.values()) {
          if (units.length === 0 || units.includes(service.unit.name)) service.resetFailed();
        }
        return { code: 0, stdout: '', stderr: '' };
      case 'list-units':
      case 'list-unit-files':
        return this.#list(command);
      case 'lab-boot':
        return this.#boot();
      default:
        return { code: 1, stdout: '', stderr: `Unknown command verb ${command}.\n` };
    }
  }

  async #each(units: readonly string[], work: (name: string) => Promise<void>): Promise<Answer> {
    if (units.length === 0) return { code: 1, stdout: '', stderr: 'Too few arguments.\n' };
    let code = 0;
    let stderr = '';
    await Promise.all(
      units.map(async (name) => {
        try {
          await work(name);
        } catch (error) {
          code = error instanceof UnitError ? error.code : 1;
          stderr += `${(error as Error).message}\n`;
        }
      }),
    );
    return { code, stdout: '', stderr };
  }

  #log(line: string): void {
    appendFileSync(join(this.#options.logDir, 'manager.log'), `${new Date().toISOString()} ${line}\n`);
  }

  #service(name: string): Service {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const unit = loadUnit(name, this.#options.unitFolders);
    if (unit === undefined) throw new UnitError(`Unit ${name} could not be found.`, notFoundCode);
    const { runDir, logDir } = this.#options;
    const service = new Service(unit, { runDir, logDir }, (line) => this.#log(line));
    service.aroundRestart = (restart) => this.#restartWithDependents(name, restart);
    this.#services.set(name, service);
    return service;
  }

  /** Starts a unit after what it requires and wants (Requires=, Wants=, After=). */
  async #start(name: string, path: ReadonlySet<string>): Promise<void> {
    if (isAlwaysThere(name)) return;
    if (path.has(name)) throw new UnitError(`Unit ${name} requires itself.`, 1);
    const service = this.#service(name);
    if (service.state === 'active') return;
    const deeper = new Set([...path, name]);
    const required = [...service.unit.list('Unit', 'Requires'), ...service.unit.list('Unit', 'BindsTo')];
    const after = service.unit.list('Unit', 'After');
    const beside: Promise<unknown>[] = [];
    for (const other of required) {
      const job = this.#start(other, deeper);
      if (after.includes(other)) {
        await job.catch((error: unknown) => {
          this.#log(`${name}: ${other}: ${(error as Error).message}`);
          throw new UnitError(`A dependency job for ${name} failed: ${other}: ${(error as Error).message}`, 1);
        });
      } else {
        beside.push(job);
      }
    }
    for (const other of service.unit.list('Unit', 'Wants')) {
      const job = this.#start(other, deeper).catch((error: unknown) =>
        this.#log(`${name} wants ${other}: ${(error as Error).message}`),
      );
      if (after.includes(other)) await job;
      else beside.push(job);
    }
    try {
      await service.start();
    } catch (error) {
      throw new UnitError(`Job for ${name} failed: ${(error as Error).message}. See "systemctl status ${name}".`, 1);
    }
    await Promise.all(beside);
  }

  /** Stops a unit, first those that require it. */
  async #stop(name: string): Promise<void> {
    if (isAlwaysThere(name)) return;
    const service = this.#service(name);
    for (const other of this.#dependentsOf(name)) await this.#stop(other.unit.name);
    await service.stop();
  }

  /** Units that are stopped and restarted with this one, and are not stopped already. */
  #dependentsOf(name: string): Service[] {
    return [...this.#services.values()].filter((other) => {
      const needs = [
        ...other.unit.list('Unit', 'Requires'),
        ...other.unit.list('Unit', 'BindsTo'),
        ...other.unit.list('Unit', 'PartOf'),
      ];
      return needs.includes(name) && other.state !== 'inactive' && other.state !== 'failed';
    });
  }

  /** As systemd does: a service that restarts by itself (Restart=) takes along what requires it, stopped before it. */
  async #restartWithDependents(name: string, restart: () => Promise<void>): Promise<void> {
    const dependents = this.#dependentsOf(name).map((service) => service.unit.name);
    for (const other of dependents) await this.#stop(other);
    await restart();
    if (this.#service(name).state !== 'active') throw new Error(`${dependents.join(', ')} stays down without it`);
    for (const other of dependents) await this.#start(other, new Set());
  }

  #stateOf(name: string): string {
    try {
      return this.#service(name).state;
    } catch {
      return 'inactive';
    }
  }

  #states(
    units: readonly string[],
    stateOf: (name: string) => string,
    good: (state: string) => boolean,
    badCode: number,
  ): Answer {
    const states = units.map(stateOf);
    return { code: states.some(good) ? 0 : badCode, stdout: states.map((state) => `${state}\n`).join(''), stderr: '' };
  }

  #marker(name: string): string {
    return join(this.#options.stateDir, 'enabled', name);
  }

  #enabledState(name: string): string {
    const unit = this.#unit(name);
    if (unit === undefined) return 'not-found';
    if (existsSync(this.#marker(name))) return 'enabled';
    return unit.list('Install', 'WantedBy').length === 0 ? 'static' : 'disabled';
  }

  #unit(name: string): Unit | undefined {
    try {
      return this.#service(name).unit;
    } catch {
      return undefined;
    }
  }

  async #enable(units: readonly string[], enable: boolean, now: boolean): Promise<Answer> {
    if (units.length === 0) return { code: 1, stdout: '', stderr: 'Too few arguments.\n' };
    let stderr = '';
    for (const name of units) {
      const { unit } = this.#service(name);
      const marker = this.#marker(name);
      const was = existsSync(marker);
      if (enable && !was) {
        mkdirSync(join(this.#options.stateDir, 'enabled'), { recursive: true });
        writeFileSync(marker, '');
        for (const target of unit.list('Install', 'WantedBy'))
          stderr += `Created symlink ${target}.wants/${name} -> ${unit.file}.\n`;
      } else if (!enable && was) {
        rmSync(marker, { force: true });
        stderr += `Removed ${name} from the units that start at boot.\n`;
      }
    }
    if (!now) return { code: 0, stdout: '', stderr };
    const result = await this.#each(units, (name) => (enable ? this.#start(name, new Set()) : this.#stop(name)));
    return { ...result, stderr: stderr + result.stderr };
  }

  #show(name: string, options: readonly string[]): string {
    const wanted = options.flatMap((option) => /^(?:--property|-p)=?(.+)$/.exec(option)?.[1]?.split(',') ?? []);
    const unit = this.#unit(name);
    const service = unit === undefined ? undefined : this.#service(name);
    const active = service?.state ?? 'inactive';
    const properties: [string, string][] = [
      ['Id', name],
      ['LoadState', unit === undefined ? 'not-found' : 'loaded'],
      ['ActiveState', active],
      ['SubState', active === 'active' ? 'running' : active === 'inactive' ? 'dead' : active],
      ['UnitFileState', unit === undefined ? '' : this.#enabledState(name)],
      ['FragmentPath', unit?.file ?? ''],
      ['MainPID', String(service?.mainPid ?? 0)],
      ['NRestarts', String(service?.restarts ?? 0)],
      ['Result', service?.result ?? 'success'],
      ['Type', unit?.value('Service', 'Type') ?? 'simple'],
      ['StatusText', service?.statusText ?? ''],
    ];
    const shown = properties.filter(([key]) => wanted.length === 0 || wanted.includes(key));
    return shown.map(([key, value]) => (options.includes('--value') ? `${value}\n` : `${key}=${value}\n`)).join('');
  }

  #status(units: readonly string[]): Answer {
    let stdout = '';
    let code = 0;
    for (const name of units) {
      const service = this.#service(name);
      if (service.state !== 'active') code = inactiveCode;
      const { unit } = service;
      const since = service.state === 'active' ? ` since ${new Date(service.activeSinceMs).toISOString()}` : '';
      const why = service.state === 'failed' ? ` (Result: ${service.result})` : '';
      stdout += `${service.state === 'failed' ? '×' : service.state === 'active' ? '●' : '○'} ${name} - ${unit.value('Unit', 'Description') ?? ''}\n`;
      stdout += `     Loaded: loaded (${unit.file}; ${this.#enabledState(name)})\n`;
      stdout += `     Active: ${service.state}${why}${since}\n`;
      if (service.mainPid > 0) stdout += `   Main PID: ${service.mainPid}\n`;
      if (service.statusText !== '') stdout += `     Status: "${service.statusText}"\n`;
      const output = existsSync(service.logFile) ? readFileSync(service.logFile, 'utf8').trimEnd().split('\n') : [];
      if (output.length > 0) stdout += `\n${output.slice(-statusLines).join('\n')}\n`;
    }
    return { code, stdout, stderr: '' };
  }

  #list(command: string): Answer {
    const names = new Set<string>();
    for (const folder of this.#options.unitFolders) {
      if (!existsSync(folder)) continue;
      for (const name of readdirSync(folder)) if (name.endsWith('.service')) names.add(name);
    }
    const rows = [...names].sort().map((name) => {
      if (command === 'list-unit-files') return `${name} ${this.#enabledState(name)}`;
      return `${name} loaded ${this.#stateOf(name)}`;
    });
    return { code: 0, stdout: rows.map((row) => `${row}\n`).join(''), stderr: '' };
  }

  #reloadUnits(): void {
    for (const [name, service] of this.#services) {
      const unit = loadUnit(name, this.#options.unitFolders);
      if (unit !== undefined) service.unit = unit;
      else if (service.state === 'inactive') this.#services.delete(name);
    }
  }

  /** Starts what is enabled, each after what it asks for. */
  async #boot(): Promise<Answer> {
    const folder = join(this.#options.stateDir, 'enabled');
    const names = existsSync(folder) ? readdirSync(folder).sort() : [];
    return names.length === 0
      ? { code: 0, stdout: '', stderr: '' }
      : this.#each(names, (name) => this.#start(name, new Set()));
  }
}

/** Targets, sockets of the system and the like are taken as reached: a lab machine is up when it boots. */
function isAlwaysThere(name: string): boolean {
  return !name.endsWith('.service') || /^(dbus|syslog|rsyslog|systemd-.*)\.service$/.test(name);
}

function fullName(name: string): string {
  return /\.(service|target|socket|timer|mount|path|slice|scope)$/.test(name) ? name : `${name}.service`;
}

function signalOption(options: readonly string[]): NodeJS.Signals {
  const text =
    options.map((option) => /^(?:-s|--signal)=?(.+)$/.exec(option)?.[1]).find((found) => found !== undefined) ?? 'TERM';
  return (text.startsWith('SIG') ? text : `SIG${text}`) as NodeJS.Signals;
}
