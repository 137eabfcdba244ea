import { silentLogger, type Timer } from '@sanode/runtime';
import { attr, childElements, type Element, element } from '@sanode/xml';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { readableDuration } from './duration.ts';
import { Executor } from './executor.ts';
import type { ExecutorHost } from './executor-host.ts';
import type { ActionRequest, ActionResult, AlertRequest } from './operation.ts';

interface Pending {
  dueMs: number;
  handler: (lateMs: number) => void;
  cancelled: boolean;
}

/** A host with a clock that only moves when told. */
class FakeHost implements ExecutorHost {
  nowMs = 1000;
  readonly log = silentLogger;
  readonly timers: Pending[] = [];
  readonly started: { token: number; request: ActionRequest }[] = [];
  readonly killed: number[] = [];
  readonly told: { client: string; message: Element }[] = [];
  readonly alerts: AlertRequest[] = [];
  readonly watches = new Set<string>();

  monotonicMs = (): number => this.nowMs;
  wallMs = (): number => 1_700_000_000_000 + this.nowMs;
  randomUint32 = (): number => 4;
  cause = (): string => 'test/1';
  run = (token: number, request: ActionRequest): void => void this.started.push({ token, request });
  kill = (token: number): void => void this.killed.push(token);
  notify = (client: string, message: Element): void => void this.told.push({ client, message });
  alert = (request: AlertRequest): void => void this.alerts.push(request);
  watch = (resource: { id: string }): void => void this.watches.add(resource.id);
  unwatch = (resourceId: string): void => void this.watches.delete(resourceId);

  setTimer(delayMs: number, handler: (lateMs: number) => void): Timer {
    const timer = { dueMs: this.nowMs + delayMs, handler, cancelled: false };
    this.timers.push(timer);
    return {
      cancel() {
        timer.cancelled = true;
      },
    };
  }

  advance(milliseconds: number): void {
    const endMs = this.nowMs + milliseconds;
    for (;;) {
      const due = this.timers.filter((timer) => !timer.cancelled && timer.dueMs <= endMs);
      const next = due.sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      next.cancelled = true;
      next.handler(0);
    }
    this.nowMs = endMs;
  }
}

let host: FakeHost;
let executor: Executor;

beforeEach(() => {
  host = new FakeHost();
  executor = new Executor(host);
  executor.clientConnected('c1', true);
  executor.request('c1', element('lrmd_command', { lrmd_op: 'register', lrmd_protocol_version: '1.1' }));
});

function command(op: string, resource: Record<string, string | number>, options = 0, client = 'c1'): Element {
  const { parameters: _none, ...attributes } = resource;
  const data = element('lrmd_rsc', attributes, [element('attributes', { ip: '10.0.0.1' })]);
  const call = element('lrmd_command', { lrmd_op: op, lrmd_callopt: options }, [element('lrmd_calldata', {}, [data])]);
  return executor.request(client, call);
}

function register(id = 'vip'): void {
  const rsc = { lrmd_rsc_id: id, lrmd_class: 'ocf', lrmd_provider: 'heartbeat', lrmd_type: 'IPaddr2' };
  expect(attr(command('lrmd_rsc_register', rsc), 'lrmd_rc')).toBe('0');
}

function exec(
  action: string,
  more: { interval?: number; timeout?: number; delay?: number; options?: number } = {},
): number {
  const reply = command(
    'lrmd_rsc_exec',
    {
      lrmd_rsc_id: 'vip',
      lrmd_rsc_action: action,
      lrmd_rsc_interval: more.interval ?? 0,
      lrmd_timeout: more.timeout ?? 20_000,
      lrmd_rsc_start_delay: more.delay ?? 0,
      lrmd_rsc_userdata_str: `key-${action}`,
    },
    more.options ?? 0,
  );
  return Number(attr(reply, 'lrmd_rc'));
}

function end(code: number, index = host.started.length - 1, more: Partial<ActionResult> = {}): void {
  const result = { code, status: 0, exitReason: '', stdout: '', stderr: '', ...more };
  executor.actionEnded(host.started[index]?.token ?? -1, result);
}

function results(): { id: string | undefined; rc: string | undefined; status: string | undefined }[] {
  return host.told
    .filter(({ message }) => attr(message, 'lrmd_op') === 'lrmd_rsc_exec')
    .map(({ message }) => ({
      id: attr(message, 'lrmd_callid'),
      rc: attr(message, 'lrmd_exec_rc'),
      status: attr(message, 'lrmd_exec_op_status'),
    }));
}

const actions = (): string[] => host.started.map(({ request }) => request.action);

describe('requests', () => {
  it('knows registered resources only', () => {
    expect(attr(command('lrmd_rsc_info', { lrmd_rsc_id: 'vip' }), 'lrmd_rc')).toBe('-19');
    register();
    const info = command('lrmd_rsc_info', { lrmd_rsc_id: 'vip' });
    expect(['lrmd_class', 'lrmd_provider', 'lrmd_type'].map((name) => attr(info, name))).toEqual([
      'ocf',
      'heartbeat',
      'IPaddr2',
    ]);
    expect(attr(command('lrmd_rsc_unregister', { lrmd_rsc_id: 'vip' }), 'lrmd_rc')).toBe('0');
    expect(exec('start')).toBe(-19);
  });

  it('refuses unprivileged clients all but register and poke', () => {
    executor.clientConnected('user', false);
    expect(attr(command('lrmd_rsc_info', { lrmd_rsc_id: 'vip' }, 0, 'user'), 'lrmd_rc')).toBe('-13');
    expect(attr(command('lrmd_rsc_poke', {}, 0, 'user'), 'lrmd_rc')).toBe('0');
  });

  it('refuses unknown operations and old protocols', () => {
    expect(attr(command('lrmd_nonsense', {}), 'lrmd_rc')).toBe('-95');
    const old = element('lrmd_command', { lrmd_op: 'register', lrmd_protocol_version: '0.9' });
    expect(attr(executor.request('c1', old), 'lrmd_rc')).toBe('-71');
  });

  it('runs alerts with their variables and a number', () => {
    const send = (path: string): string | undefined => {
      const alert = element('lrmd_alert', { lrmd_alert_id: 'a', lrmd_alert_path: path, lrmd_timeout: 5000 }, [
        element('attributes', { CRM_alert_kind: 'node' }),
      ]);
      const call = element('lrmd_command', { lrmd_op: 'lrmd_alert_exec' }, [element('lrmd_calldata', {}, [alert])]);
      return attr(executor.request('c1', call), 'lrmd_rc');
    };
    expect([send('/usr/bin/notify'), send('notify'), send('/usr/bin/notify')]).toEqual(['0', '-22', '0']);
    expect(host.alerts.map(({ path, timeoutMs }) => [path, timeoutMs])).toEqual([
      ['/usr/bin/notify', 5000],
      ['/usr/bin/notify', 5000],
    ]);
    expect(Object.fromEntries(host.alerts[1]?.variables ?? [])).toEqual({
      CRM_alert_kind: 'node',
      CRM_alert_node_sequence: '2',
      CRM_notify_node_sequence: '2',
    });
  });

  it('bounds the operations of a resource', () => {
    register();
    const codes = Array.from({ length: 201 }, () => exec('start'));
    expect(codes.at(-1)).toBe(-7);
    expect(codes.at(-2)).toBeGreaterThan(0);
  });
});

describe('queue', () => {
  beforeEach(() => register());

  it('runs one operation of a resource at a time, in order', () => {
    const start = exec('start');
    const monitor = exec('monitor');
    expect(actions()).toEqual(['start']);
    end(0);
    expect(actions()).toEqual(['start', 'monitor']);
    end(7);
    expect(results()).toEqual([
      { id: String(start), rc: '0', status: '0' },
      { id: String(monitor), rc: '7', status: '0' },
    ]);
  });

  it('waits for a start delay before queueing', () => {
    exec('monitor', { delay: 500 });
    exec('start');
    expect(actions()).toEqual(['start']);
    end(0);
    host.advance(499);
    expect(actions()).toEqual(['start']);
    host.advance(1);
    expect(actions()).toEqual(['start', 'monitor']);
  });

  it('kills at the timeout, and tells it when the action has ended', () => {
    exec('start', { timeout: 20_000 });
    host.advance(19_999);
    expect(host.killed).toEqual([]);
    host.advance(1);
    expect(host.killed).toEqual([host.started[0]?.token]);
    expect(results()).toEqual([]);
    end(137);
    const { message } = host.told.at(-1) ?? {};
    expect(message && [attr(message, 'lrmd_exec_rc'), attr(message, 'lrmd_exec_op_status')]).toEqual(['1', '2']);
    expect(message && attr(message, 'lrmd_rsc_exit_reason')).toBe('Resource agent did not complete within 20s');
  });

  it('counts each result once', () => {
    exec('start');
    end(0);
    end(1, 0);
    expect(results()).toHaveLength(1);
  });

  it('tells times, user data and parameters', () => {
    exec('start');
    exec('monitor');
    host.advance(300);
    end(0);
    host.advance(40);
    end(0);
    const { message } = host.told.at(-1) ?? { message: element('none') };
    expect(attr(message, 'lrmd_queue_time')).toBe('300');
    expect(attr(message, 'lrmd_exec_time')).toBe('40');
    expect(attr(message, 'lrmd_rsc_userdata_str')).toBe('key-monitor');
    expect(attr(childElements(message, 'attributes')[0] ?? element('none'), 'ip')).toBe('10.0.0.1');
  });

  it('marks the result of a resource that was unregistered meanwhile', () => {
    exec('start');
    expect(attr(command('lrmd_rsc_unregister', { lrmd_rsc_id: 'vip' }), 'lrmd_rc')).toBe('-115');
    end(0);
    const { message } = host.told.at(-1) ?? { message: element('none') };
    expect(attr(message, 'lrmd_rsc_deleted')).toBe('1');
  });

  it('lets the last operation of a forgotten resource end before one of its successor starts', () => {
    exec('start');
    command('lrmd_rsc_unregister', { lrmd_rsc_id: 'vip' });
    register();
    exec('stop');
    expect(actions()).toEqual(['start']);
    end(0);
    expect(actions()).toEqual(['start', 'stop']);
  });

  it('never runs two operations of a resource at once, whatever comes (property)', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('exec' as const),
        interval: fc.constantFrom(0, 0, 1000, 3000),
        delay: fc.constantFrom(0, 0, 700),
      }),
      fc.record({ kind: fc.constant('end' as const), code: fc.constantFrom(0, 7, 1) }),
      fc.record({ kind: fc.constant('advance' as const), by: fc.integer({ min: 0, max: 5000 }) }),
      fc.record({ kind: fc.constant('cancel' as const), interval: fc.constantFrom(0, 1000, 3000) }),
      fc.record({ kind: fc.constant('watch' as const) }),
      fc.record({ kind: fc.constant('again' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        host = new FakeHost();
        executor = new Executor(host);
        executor.clientConnected('c1', true);
        register();
        let ended = 0;
        for (const one of steps) {
          if (one.kind === 'exec') exec('monitor', { interval: one.interval, delay: one.delay, timeout: 0 });
          else if (one.kind === 'advance') host.advance(one.by);
          else if (one.kind === 'watch') executor.watchEvent('vip');
          else if (one.kind === 'again') {
            command('lrmd_rsc_unregister', { lrmd_rsc_id: 'vip' });
            register();
          } else if (one.kind === 'cancel') cancel('monitor', one.interval);
          else if (ended < host.started.length) {
            end(one.code, ended);
            ended += 1;
          }
          expect(host.started.length - ended).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 200 },
    );
  });
});

function cancel(action: string, interval: number): string | undefined {
  const data = { lrmd_rsc_id: 'vip', lrmd_rsc_action: action, lrmd_rsc_interval: interval };
  return attr(command('lrmd_rsc_cancel', data), 'lrmd_rc');
}

describe('recurring operations', () => {
  beforeEach(() => register());

  it('run again an interval after they ended, and tell changes only where asked', () => {
    exec('monitor', { interval: 10_000, options: 4 });
    host.advance(400);
    end(0);
    host.advance(9_999);
    expect(host.started).toHaveLength(1);
    host.advance(1);
    expect(host.started).toHaveLength(2);
    end(0);
    expect(results()).toHaveLength(1);
    host.advance(10_000);
    end(7);
    expect(results().map(({ rc }) => rc)).toEqual(['0', '7']);
  });

  it('are merged with an equal one: new call id, told anew, run at once', () => {
    const first = exec('monitor', { interval: 10_000, options: 4 });
    end(0);
    host.advance(2000);
    const second = exec('monitor', { interval: 10_000, options: 4 });
    expect(host.started).toHaveLength(2);
    end(0);
    expect(results().map(({ id }) => id)).toEqual([String(first), String(second)]);
    host.advance(10_000);
    expect(host.started).toHaveLength(3);
  });

  it('are cancelled at once while they wait, after the run while they run', () => {
    exec('monitor', { interval: 10_000 });
    expect(cancel('monitor', 10_000)).toBe('0');
    expect(results()).toEqual([]);
    end(0);
    expect(results().map(({ status }) => status)).toEqual(['1']);
    host.advance(60_000);
    expect(host.started).toHaveLength(1);
    exec('monitor', { interval: 5000 });
    end(0);
    expect(cancel('monitor', 5000)).toBe('0');
    expect(results().at(-1)?.status).toBe('1');
    expect(cancel('monitor', 5000)).toBe('-95');
  });

  it('are listed', () => {
    exec('monitor', { interval: 10_000, timeout: 7000 });
    const reply = command('lrmd_get_recurring', { lrmd_rsc_id: 'vip' });
    const [operation] = childElements(childElements(reply, 'lrmd_rsc')[0] ?? reply, 'lrmd_rsc_op');
    expect(Object.fromEntries(operation?.attributes ?? [])).toEqual({
      lrmd_rsc_action: 'monitor',
      lrmd_rsc_interval: '10000',
      lrmd_timeout: '7000',
    });
  });
});

describe('watches', () => {
  beforeEach(() => register());

  it('are armed with a recurring monitor and end with it', () => {
    exec('monitor', { interval: 10_000 });
    expect([...host.watches]).toEqual(['vip']);
    end(0);
    cancel('monitor', 10_000);
    expect([...host.watches]).toEqual([]);
  });

  it('run the monitor at once, and its timer starts anew', () => {
    exec('monitor', { interval: 10_000, options: 4 });
    end(0);
    host.advance(4000);
    executor.watchEvent('vip');
    expect(host.started).toHaveLength(2);
    end(7);
    expect(results().at(-1)?.rc).toBe('7');
    host.advance(9_999);
    expect(host.started).toHaveLength(2);
    host.advance(1);
    expect(host.started).toHaveLength(3);
  });

  it('date a change after the result before it, even within the same second', () => {
    exec('monitor', { interval: 10_000 });
    end(0);
    host.advance(1);
    executor.watchEvent('vip');
    end(7);
    const told = host.told.filter(({ message }) => attr(message, 'lrmd_op') === 'lrmd_rsc_exec');
    const times = told.map(({ message }) => Number(attr(message, 'lrmd_rcchange_time')));
    expect(times.at(-1)).toBe((times.at(-2) as number) + 1);
  });

  it('run it once more when it runs already, and not at all during a stop', () => {
    exec('monitor', { interval: 10_000 });
    executor.watchEvent('vip');
    executor.watchEvent('vip');
    end(0);
    host.advance(0);
    expect(host.started).toHaveLength(2);
    end(0);
    exec('stop');
    executor.watchEvent('vip');
    end(0);
    host.advance(100);
    expect(actions()).toEqual(['monitor', 'monitor', 'stop']);
  });

  it('are paced: a flood of events is no flood of monitors', () => {
    exec('monitor', { interval: 60_000 });
    end(0);
    host.advance(5000);
    let ended = 1;
    for (let index = 0; index < 1000; index += 1) {
      executor.watchEvent('vip');
      host.advance(10);
      while (ended < host.started.length) {
        end(0, ended);
        ended += 1;
      }
    }
    // 10 s: at 0, 1, 3, 7 s.
    expect(host.started.length - 1).toBeGreaterThanOrEqual(3);
    expect(host.started.length - 1).toBeLessThanOrEqual(6);
  });

  it('that are lost poll at once and are armed anew by that run', () => {
    exec('monitor', { interval: 10_000 });
    end(0);
    host.watches.clear();
    executor.watchLost('vip');
    expect(host.started).toHaveLength(2);
    expect([...host.watches]).toEqual(['vip']);
  });
});

it('writes durations for people', () => {
  expect([20_000, 90_000, 500, 60_000, 3_600_000, 1500].map(readableDuration)).toEqual([
    '20s',
    '1m30s',
    '500ms',
    '1m',
    '1h',
    '1.500s',
  ]);
});
