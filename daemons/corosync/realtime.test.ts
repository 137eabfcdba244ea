import { parseCorosyncConf } from '@sanode/conf';
import { type Logger, silentLogger } from '@sanode/runtime';
import { describe, expect, it } from 'vitest';
import type { DaemonCalls } from './libc.ts';
import { PriorityError, readRealTimeSettings, takeRealTime } from './realtime.ts';
import { SchedulingWatch } from './scheduling.ts';

const settings = (system: string) =>
  readRealTimeSettings(
    parseCorosyncConf(`system {\n${system}\n}\n`, 'f', { userId: () => undefined, groupId: () => undefined }),
  );

function warnings(): { log: Logger; lines: string[] } {
  const lines: string[] = [];
  return { log: { ...silentLogger, warn: (_fields, text) => lines.push(text) }, lines };
}

/** A C library that notes its calls and refuses some. */
function fakeCalls(refused: readonly string[] = []): { calls: DaemonCalls; made: string[] } {
  const made: string[] = [];
  const note = (name: string, detail: unknown): number => {
    made.push(`${name} ${detail}`);
    return refused.includes(name) ? -1 : 0;
  };
  const calls: DaemonCalls = {
    socket: () => -1,
    sendto: () => -1,
    fcntl: () => -1,
    sched_setscheduler: (_pid, policy, param) => note('sched_setscheduler', `${policy} ${param.readInt32LE()}`),
    sched_get_priority_max: () => 99,
    sched_get_priority_min: () => 1,
    setpriority: (_which, _who, priority) => note('setpriority', priority),
    mlockall: (flags) => note('mlockall', flags),
    setrlimit: (resource, limits) => note('setrlimit', `${resource} ${limits.toString('hex').slice(0, 4)}`),
    errno: () => 1,
  };
  return { calls, made };
}

describe('real-time settings', () => {
  it.each([
    ['', { roundRobin: true, nice: undefined, rootGroup: 'auto' }],
    ['sched_rr: no\npriority: max', { roundRobin: false, nice: -20, rootGroup: 'auto' }],
    ['priority: min\nmove_to_root_cgroup: no', { roundRobin: true, nice: 19, rootGroup: 'no' }],
    ['priority: -5\nmove_to_root_cgroup: yes', { roundRobin: true, nice: -5, rootGroup: 'yes' }],
  ])('reads %j', (system, expected) => {
    expect(settings(system)).toEqual(expected);
  });

  it('refuses what is no priority', () => {
    expect(() => settings('priority: high')).toThrow(new PriorityError('Priority value high is invalid'));
  });
});

describe('takeRealTime', () => {
  it('takes round robin at the highest priority, and locks pages as they are used', () => {
    const { calls, made } = fakeCalls();
    const { log, lines } = warnings();
    takeRealTime(settings('move_to_root_cgroup: no'), log, calls);
    expect(made).toEqual(['sched_setscheduler 2 99', 'setrlimit 8 ffff', 'mlockall 7']);
    expect(lines).toEqual([]);
  });

  it('goes on with the best nice value, and memory unlocked, where the system refuses', () => {
    const { calls, made } = fakeCalls(['sched_setscheduler', 'setrlimit']);
    const { log, lines } = warnings();
    takeRealTime(settings('move_to_root_cgroup: no'), log, calls);
    expect(made).toEqual(['sched_setscheduler 2 99', 'setpriority -20', 'setrlimit 8 ffff']);
    expect(lines).toEqual([
      'Could not set SCHED_RR at priority 99: Operation not permitted (1)',
      'Could not increase RLIMIT_MEMLOCK, not locking memory: Operation not permitted (1)',
    ]);
  });

  it('sets the nice value that is asked for without round robin', () => {
    const { calls, made } = fakeCalls();
    takeRealTime(settings('sched_rr: no\npriority: -7'), silentLogger, calls);
    expect(made[0]).toBe('setpriority -7');
  });
});

describe('the scheduling watch', () => {
  it('remembers the last ten misses, newest first, and says each', () => {
    const { log, lines } = warnings();
    const watch = new SchedulingWatch(log, () => 1000);
    watch.ran(800, 1);
    expect(watch.misses).toEqual([]);
    for (let at = 1; at <= 12; at += 1) watch.ran(800 + at, at);
    expect(watch.misses.map((miss) => miss.atMs)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    expect(lines[0]).toBe(
      'Corosync main process was not scheduled (@1) for 801.0000 ms (threshold is 800.0000 ms). ' +
        'Consider token timeout increase.',
    );
    watch.clear();
    expect(watch.misses).toEqual([]);
  });
});
