import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shadowText, writeAccounts, writeHosts } from './accounts.ts';
import { Machine } from './machine.ts';
import { Switch } from './switch.ts';

/** What `npm run build` made. */
const builtDir = fileURLToPath(new URL('../../../dist', import.meta.url));

/** One machine of a lab, as its maker wants it. */
export interface MachinePlan {
  name: string;
  /** Last two numbers of its address are free: the lab's network is a /24. */
  address: string;
  /** Programs, agents and units installed on this machine; default: the lab's. */
  sbinDir?: string;
  usrLibDir?: string;
}

/** Settings of {@link Lab.create}. */
export interface LabOptions {
  /** Name of the lab, letters and digits; labs with other names can run beside it. */
  name: string;
  machines: readonly MachinePlan[];
  /** Programs installed on the machines; default: what `npm run build` made. */
  sbinDir?: string;
  usrLibDir?: string;
  /** Where `npm run build` put its work; default: the checkout's dist. */
  distDir?: string;
}

/**
 * Where a lab keeps its state, the same for everyone who wants to drive it. In a user namespace uid 0 is an ordinary
 * user outside: SANODE_LAB_UID says which.
 */
export function labStateDir(name: string): string {
  return join(tmpdir(), `sanode-lab-${process.env['SANODE_LAB_UID'] ?? userInfo().uid}`, name);
}

/** Whether this process is root only inside a user namespace (then there is only one uid). */
export function inUserNamespace(): boolean {
  return readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/)[2] !== '4294967295';
}

/** Folders of a machine that it may change: in a user namespace what the host's root owns stays read-only. */
const diskFolders: readonly string[] = [
  ...['etc/corosync', 'etc/nginx', 'etc/pacemaker', 'etc/pcs', 'var/log/nginx', 'var/log/cluster', 'var/log/corosync'],
  ...['var/log/pacemaker', 'var/log/pcsd', 'var/lib/corosync', 'var/lib/pacemaker', 'var/lib/pcsd', 'var/lib/nginx'],
];

/** Machines on one switch. Everything ends with {@link close}, or with the process that made it. */
export class Lab {
  readonly name: string;
  readonly stateDir: string;
  readonly machines: ReadonlyMap<string, Machine>;
  readonly #switch: Switch;

  private constructor(name: string, stateDir: string, theSwitch: Switch, machines: ReadonlyMap<string, Machine>) {
    this.name = name;
    this.stateDir = stateDir;
    this.#switch = theSwitch;
    this.machines = machines;
  }

  /** Makes the disks and the switch; machines are off until `powerOn`. What a crashed lab of this name left goes first. */
  static async create(options: LabOptions): Promise<Lab> {
    const stateDir = labStateDir(options.name);
    cleanUpAfterCrash(stateDir);
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    writeFileSync(join(stateDir, 'lab.pid'), `${process.pid} ${startTimeOf(process.pid)}\n`);
    const theSwitch = await Switch.create();
    const dist = options.distDir ?? builtDir;
    const machines = new Map<string, Machine>();
    for (const plan of options.machines) {
      const diskDir = join(stateDir, plan.name);
      for (const folder of diskFolders) mkdirSync(join(diskDir, folder), { recursive: true });
      writeAccounts(diskDir);
      writeHosts(diskDir, options.machines);
      machines.set(
        plan.name,
        new Machine(
          { switch: theSwitch },
          {
            name: plan.name,
            address: `${plan.address}/24`,
            diskDir,
            sbinDir: `${join(dist, 'lab-bin')}:${plan.sbinDir ?? options.sbinDir ?? join(dist, 'bin')}`,
            usrLibDir: plan.usrLibDir ?? options.usrLibDir ?? join(dist, 'usr-lib'),
            userNamespace: inUserNamespace(),
          },
        ),
      );
    }
    const lab = new Lab(options.name, stateDir, theSwitch, machines);
    for (const machine of machines.values()) machine.onPower = () => lab.#publish();
    lab.#publish();
    return lab;
  }

  /** A machine by name. @throws {Error} naming the ones there are */
  machine(name: string): Machine {
    const machine = this.machines.get(name);
    if (machine === undefined) {
      throw new Error(`there is no machine ${name}; there are ${[...this.machines.keys()].join(', ')}`);
    }
    return machine;
  }

  /** Writes which process is whose PID 1, for `npm run lab -- exec`. */
  #publish(): void {
    const pids = [...this.machines.values()].map(({ name, initPid }) => [name, initPid ?? null] as const);
    writeFileSync(join(this.stateDir, 'machines.json'), JSON.stringify(Object.fromEntries(pids)));
  }

  async powerOnAll(): Promise<void> {
    await Promise.all([...this.machines.values()].map((machine) => machine.powerOn()));
  }

  /** Sets the password of hacluster on one running machine. */
  async setClusterPassword(machine: Machine, password: string): Promise<void> {
    const { exitCode, stderr } = await machine.exec(['tee', '/etc/shadow'], { input: shadowText(password) });
    if (exitCode !== 0) throw new Error(`the password could not be set on ${machine.name}: ${stderr}`);
  }

  /** Cuts every machine's power and removes everything. */
  async close(): Promise<void> {
    await Promise.all([...this.machines.values()].map((machine) => machine.powerOff()));
    this.#switch.close();
    rmSync(this.stateDir, { recursive: true, force: true });
  }
}

/** Removes the files of a lab whose process is gone. @throws {Error} when it still runs */
function cleanUpAfterCrash(stateDir: string): void {
  if (!existsSync(stateDir)) return;
  const file = join(stateDir, 'lab.pid');
  if (existsSync(file)) {
    const [pid, startTime] = readFileSync(file, 'utf8').trim().split(' ');
    if (pid !== undefined && startTimeOf(Number(pid)) === startTime && Number(pid) !== process.pid) {
      throw new Error(`a lab of this name runs already (process ${pid}); stop it with Ctrl-C there`);
    }
  }
  // Its machines died with it (parent-death signal); only files are left.
  rmSync(stateDir, { recursive: true, force: true });
}

/** Start time of a process in clock ticks since boot, which tells a reused pid apart; '' when there is none. */
export function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** Names of labs that run now. */
export function runningLabs(): string[] {
  const parent = join(labStateDir('x'), '..');
  if (!existsSync(parent)) return [];
  return readdirSync(parent).filter((name) => {
    // A lab that is just being made, or removed, has a folder only.
    if (!existsSync(join(parent, name, 'lab.pid'))) return false;
    const [pid, startTime] = readFileSync(join(parent, name, 'lab.pid'), 'utf8')
      .trim()
      .split(' ');
    return startTimeOf(Number(pid)) === startTime;
  });
}
