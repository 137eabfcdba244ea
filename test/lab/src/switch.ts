import { type ChildProcess, spawn } from 'node:child_process';
import { execa } from 'execa';

/** The lab's Ethernet switch: a bridge in a network namespace of its own, so that no traffic leaves the lab. */
export class Switch {
  readonly #process: ChildProcess;
  readonly #pid: string;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#pid = String(process.pid);
  }

  static async create(): Promise<Switch> {
    // `cat` ends when the lab's end of the pipe closes, whatever ended the lab.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', 'sh', '-c', 'echo ready; exec cat'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    await new Promise<void>((resolve, reject) => {
      let words = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        words += chunk.toString();
      });
      child.stdout?.once('data', () => resolve());
      child.once('exit', () => reject(new Error(`no network namespace can be made: ${words.trim()}`)));
      child.once('error', reject);
    });
    const made = new Switch(child);
    await made.#ip('link', 'add', 'name', 'br0', 'type', 'bridge');
    await made.#ip('link', 'set', 'br0', 'up');
    return made;
  }

  /** Runs a cable from the switch to a machine's new `eth0`, and gives that its address. */
  async plug(name: string, initPid: number, address: string): Promise<void> {
    const inside = (...args: string[]) => execa('nsenter', ['-t', String(initPid), '-n', 'ip', ...args]);
    // A machine that lost its power leaves its end of the cable behind for a moment.
    await this.#ip('link', 'del', 'dev', name).catch(() => {});
    await this.#ip(
      'link',
      'add',
      'name',
      name,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'address',
      macAddress(address),
      'netns',
      String(initPid),
    );
    await inside('addr', 'add', address, 'brd', '+', 'dev', 'eth0');
    await inside('link', 'set', 'eth0', 'up');
    await this.#ip('link', 'set', 'dev', name, 'master', 'br0', 'up');
  }

  /** Pulls a machine's cable at the switch. */
  async unplug(name: string): Promise<void> {
    await this.#ip('link', 'set', 'dev', name, 'down').catch(() => {});
  }

  /** Plugs it in again. */
  async connect(name: string): Promise<void> {
    await this.#ip('link', 'set', 'dev', name, 'up');
  }

  close(): void {
    this.#process.kill('SIGKILL');
  }

  async #ip(...args: string[]): Promise<void> {
    await execa('nsenter', ['-t', this.#pid, '-n', 'ip', ...args]);
  }
}

/** A machine's network card keeps its address over power cuts: locally administered, from its IPv4 address. */
function macAddress(address: string): string {
  const parts = (address.split('/')[0] as string).split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `02:00:${parts.join(':')}`;
}
