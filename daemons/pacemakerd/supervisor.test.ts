import { silentLogger } from '@sanode/runtime';
import { describe, expect, test } from 'vitest';
import { children } from './children.ts';
import { Supervisor, type SupervisorEnd, type SupervisorOptions } from './supervisor.ts';

/** A supervisor on a clock of its own, with children that do what the test says. */
class Stage {
  readonly log: string[] = [];
  readonly ends: SupervisorEnd[] = [];
  readonly pids = new Map<string, number>();
  readonly supervisor: Supervisor;
  alive: (name: string) => boolean = () => true;
  #nowMs = 0;
  #timers: { atMs: number; run: () => void }[] = [];
  #nextPid = 100;

  constructor(options: Partial<SupervisorOptions> = {}) {
    this.supervisor = new Supervisor(
      {
        host: {
          log: silentLogger,
          monotonicMs: () => this.#nowMs,
          wallMs: () => 1_000_000 + this.#nowMs,
          randomUint32: () => 0,
          setTimer: (delayMs, handler) => {
            const timer = { atMs: this.#nowMs + delayMs, run: () => handler(0) };
            this.#timers.push(timer);
            return { cancel: () => (this.#timers = this.#timers.filter((each) => each !== timer)) };
          },
          spawn: (child) => {
            const pid = this.#nextPid++;
            this.log.push(`spawn ${child.name}`);
            this.pids.set(child.name, pid);
            this.supervisor.spawned(child.name, pid);
          },
          kill: (pid, signal) => this.log.push(`${signal} ${this.nameOf(pid)}`),
          probe: (child) => this.supervisor.probed(child.name, this.alive(child.name)),
          awaitCorosync: () => this.log.push('await corosync'),
          ready: () => this.log.push('ready'),
          panic: (reason) => this.log.push(`panic ${reason}`),
          ended: (end) => this.ends.push(end),
        },
      },
      { children, failFast: false, shutdownDelayMs: 0, ...options },
    );
  }

  nameOf(pid: number): string {
    return [...this.pids].find(([, value]) => value === pid)?.[0] ?? `pid ${pid}`;
  }

  advance(spanMs: number): void {
    const end = this.#nowMs + spanMs;
    for (;;) {
      const next = this.#timers.filter((each) => each.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#nowMs = next.atMs;
      next.run();
    }
    this.#nowMs = end;
  }

  exit(name: string, code: number | undefined, signal?: string): void {
    this.supervisor.exited(name, { code, signal });
  }
}

describe('supervisor', () => {
  test('starts all at once in order, and is ready as soon as every socket answers', () => {
    const stage = new Stage();
    stage.alive = () => false;
    stage.supervisor.start();
    expect(stage.log).toEqual(['spawn cib', 'spawn lrmd', 'spawn attrd', 'spawn pengine', 'spawn crmd']);
    stage.advance(300);
    expect(stage.supervisor.state).toBe('starting_daemons');
    stage.alive = () => true;
    stage.advance(100);
    expect(stage.supervisor.state).toBe('running');
    expect(stage.log.filter((line) => line === 'ready')).toHaveLength(1);
  });

  test('restarts at once what dies, a hundred times and no more', () => {
    const stage = new Stage();
    stage.supervisor.start();
    stage.advance(100);
    for (let times = 0; times < 105; times += 1) stage.exit('attrd', undefined, 'SIGKILL');
    expect(stage.log.filter((line) => line === 'spawn attrd')).toHaveLength(101);
    expect(stage.supervisor.state).toBe('running');
  });

  test('kills what does not answer five checks in a row', () => {
    const stage = new Stage();
    stage.supervisor.start();
    stage.advance(100);
    stage.alive = (name) => name !== 'crmd';
    stage.advance(4500);
    expect(stage.log).not.toContain('SIGKILL crmd');
    stage.advance(1000);
    expect(stage.log).toContain('SIGKILL crmd');
    expect(stage.log.filter((line) => line.startsWith('SIGKILL'))).toHaveLength(1);
  });

  test('stops in reverse order, one after the other, and ends with 0', () => {
    const stage = new Stage();
    stage.supervisor.start();
    stage.advance(100);
    stage.log.length = 0;
    stage.supervisor.stop();
    expect(stage.log).toEqual(['SIGTERM crmd']);
    for (const name of ['crmd', 'pengine', 'attrd', 'lrmd', 'cib']) stage.exit(name, 0);
    expect(stage.log).toEqual(['crmd', 'pengine', 'attrd', 'lrmd', 'cib'].map((name) => `SIGTERM ${name}`));
    expect(stage.ends).toEqual([{ exitCode: 0, stopCorosync: false }]);
    expect(stage.supervisor.state).toBe('shutdown_complete');
  });

  test('waits for the controller for ever, for the others three minutes', () => {
    const stage = new Stage();
    stage.supervisor.start();
    stage.advance(100);
    stage.supervisor.stop();
    stage.advance(1_800_000);
    stage.exit('lrmd', 1);
    stage.advance(1_800_000);
    expect(stage.log.filter((line) => line.startsWith('SIG'))).toEqual(['SIGTERM crmd']);
    stage.exit('crmd', 0);
    stage.advance(179_999);
    expect(stage.log).not.toContain('SIGSEGV pengine');
    stage.advance(1);
    expect(stage.log).toContain('SIGSEGV pengine');
  });

  test('a child that ends with 100 takes the node out of the cluster', () => {
    const stage = new Stage();
    stage.supervisor.start();
    stage.advance(100);
    stage.exit('crmd', 100);
    for (const name of ['pengine', 'attrd', 'lrmd', 'cib']) stage.exit(name, 0);
    expect(stage.ends).toEqual([{ exitCode: 100, stopCorosync: true }]);
    expect(stage.log.filter((line) => line === 'spawn crmd')).toHaveLength(1);
  });

  test('101 panics, and with PCMK_fail_fast anything does', () => {
    const stage = new Stage();
    stage.supervisor.start();
    stage.exit('cib', 101);
    expect(stage.log).toContain('panic cib asked for it');
    const strict = new Stage({ failFast: true });
    strict.supervisor.start();
    strict.exit('attrd', 1);
    expect(strict.log.at(-1)).toMatch(/^panic attrd failed/);
  });

  test('with corosync gone it waits for it before it starts what needs it', () => {
    const stage = new Stage();
    stage.supervisor.start();
    stage.advance(100);
    stage.log.length = 0;
    stage.supervisor.corosyncLost('closed');
    for (const name of ['crmd', 'attrd', 'cib']) stage.exit(name, 102);
    stage.exit('pengine', 1);
    expect(stage.log).toEqual(['await corosync', 'spawn pengine']);
    stage.supervisor.corosyncBack();
    expect(stage.log.slice(2)).toEqual(['spawn cib', 'spawn attrd', 'spawn crmd']);
  });

  test('takes over daemons that run already', () => {
    const stage = new Stage();
    stage.supervisor.start(new Map([['lrmd', 7]]));
    stage.advance(100);
    expect(stage.log).not.toContain('spawn lrmd');
    expect(stage.supervisor.state).toBe('running');
    stage.exit('lrmd', undefined);
    expect(stage.log).toContain('spawn lrmd');
  });

  test('a child that was being started when the stop came is stopped too', () => {
    const stage = new Stage();
    stage.supervisor.start();
    stage.advance(100);
    stage.supervisor.stop();
    stage.log.length = 0;
    stage.supervisor.spawned('cib', 100);
    expect(stage.log).toEqual(['SIGTERM cib']);
  });
});
