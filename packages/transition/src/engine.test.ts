import { readdirSync, readFileSync } from 'node:fs';
import { silentLogger } from '@sanode/runtime';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { attr, childElements, type Element, element, parseXml, printCompact, walk, withAttributes } from '@sanode/xml';
import { describe, expect, test } from 'vitest';
import { TransitionEngine } from './engine.ts';
import { parseGraph } from './graph.ts';
import type { Abort, ActionRequest, ControllerState, FailureUpdate, GraphOutcome, TransitionHost } from './host.ts';
import { ThrottleTable, throttleMode } from './throttle.ts';

const uuid = '9f623452-9509-49f3-9e5f-1889b91d0d70';

/** A controller for the engine: it notes what is wanted, and confirms what the test lets it. */
class Stage {
  readonly requests: ActionRequest[] = [];
  readonly aborts: Abort[] = [];
  readonly outcomes: GraphOutcome[] = [];
  readonly failures: FailureUpdate[] = [];
  readonly recorded: Element[] = [];
  readonly engine: TransitionEngine;
  readonly throttle = new ThrottleTable(1000);
  state: ControllerState = 'S_TRANSITION_ENGINE';
  nowMs = 0;
  timers: { atMs: number; run: () => void }[] = [];

  constructor() {
    const host: TransitionHost = {
      log: silentLogger,
      localNode: 'lb1',
      monotonicMs: () => this.nowMs,
      wallMs: () => 1_795_000_000_000,
      randomUint32: () => 7,
      setTimer: (delayMs, handler) => {
        const timer = { atMs: this.nowMs + delayMs, run: () => handler(0) };
        this.timers.push(timer);
        return { cancel: () => (this.timers = this.timers.filter((each) => each !== timer)) };
      },
      state: () => this.state,
      peerCount: () => 3,
      runAction: (request) => this.requests.push(request),
      nodeName: (id) => `lb${id}`,
      aborted: (abort) => this.aborts.push(abort),
      graphDone: (outcome) => this.outcomes.push(outcome),
      updateFailure: (update) => this.failures.push(update),
      recordTimeout: (_action, data) => this.recorded.push(data),
    };
    this.engine = new TransitionEngine({ host, throttle: this.throttle }, { uuid });
  }

  /** What was started, and not yet taken out: `task resource@node`. */
  take(): string[] {
    return this.requests.splice(0).map((each) => `${each.action.operationKey ?? each.action.task}@${each.action.node}`);
  }

  start(text: string): void {
    expect(this.engine.start(parseGraph(parseXml(text)))).toBe(true);
  }

  /** The result of an operation as it comes out of the CIB. */
  result(request: ActionRequest, rc = request.action.targetRc, status = 0): void {
    this.engine.handleDiff(resultNotify(request.action.nodeUuid ?? '1', historyEntry(request, rc, status)));
  }
}

function historyEntry(request: ActionRequest, rc: number, status: number): Element {
  return element('lrm_rsc_op', {
    id: 'x_last_0',
    operation_key: request.action.operationKey,
    operation: request.action.task,
    'transition-key': request.type === 'broadcast' ? undefined : request.transitionKey,
    'op-status': status,
    'rc-code': rc,
    on_node: request.action.node,
  });
}

function notify(...changes: Element[]): Element {
  const diff = element('diff', { format: 2 }, changes);
  return element('notify', { t: 'cib_notify', subt: 'cib_diff_notify', cib_op: 'cib_modify', cib_rc: 0 }, [
    element('cib_update_result', {}, [diff]),
  ]);
}

function resultNotify(nodeUuid: string, entry: Element): Element {
  const path = `/cib/status/node_state[@id='${nodeUuid}']/lrm[@id='${nodeUuid}']/lrm_resources/lrm_resource[@id='A']`;
  return notify(element('change', { operation: 'create', path, position: 0 }, [entry]));
}

function operation(id: number, key: string, node: number, more = '', meta = ''): string {
  const task = key.replace(/^[A-Za-z]+_(.*)_\d+$/, '$1');
  return `<rsc_op id="${id}" operation="${task}" operation_key="${key}" on_node="lb${node}" on_node_uuid="${node}"${more}>
    <primitive id="${key.charAt(0)}" class="ocf" provider="heartbeat" type="Dummy"/>
    <attributes CRM_meta_timeout="20000" crm_feature_set="3.16.1"${meta}/></rsc_op>`;
}

function graph(synapses: { actions: string; inputs?: number[]; priority?: string }[], attributes = ''): string {
  const body = synapses.map(
    ({ actions, inputs = [], priority = '0' }, id) =>
      `<synapse id="${id}" priority="${priority}"><action_set>${actions}</action_set><inputs>${inputs
        .map((input) => `<trigger><rsc_op id="${input}"/></trigger>`)
        .join('')}</inputs></synapse>`,
  );
  return `<transition_graph transition_id="33" cluster-delay="60s" ${attributes}>${body.join('')}</transition_graph>`;
}

const stopThenStart = graph([
  { actions: operation(1, 'A_stop_0', 1) },
  { actions: operation(2, 'A_start_0', 2), inputs: [1] },
  { actions: operation(3, 'A_monitor_10000', 2), inputs: [2] },
]);

describe('transition engine', () => {
  test('starts each action when all before it are confirmed, and ends when all are', () => {
    const stage = new Stage();
    stage.start(stopThenStart);
    for (const expected of ['A_stop_0@lb1', 'A_start_0@lb2', 'A_monitor_10000@lb2']) {
      const [request] = stage.requests as [ActionRequest];
      expect(stage.take()).toEqual([expected]);
      expect(stage.outcomes).toEqual([]);
      stage.result(request);
    }
    expect(stage.outcomes).toMatchObject([{ ending: 'complete', completion: 'done', completed: 3 }]);
    expect(stage.engine.complete).toBe(true);
    expect(stage.timers).toEqual([]);
    expect(stage.aborts).toEqual([]);
  });

  test('writes the transition key as the reference does', () => {
    const stage = new Stage();
    stage.start(graph([{ actions: operation(4, 'F_monitor_0', 3, '', ' CRM_meta_op_target_rc="7"') }]));
    const [request] = stage.requests as [ActionRequest];
    expect(request).toMatchObject({ type: 'rsc_op', peer: 'lb3', transitionKey: `4:33:7:${uuid}` });
    expect(attr((request as { data: Element }).data, 'transition-key')).toBe(`4:33:7:${uuid}`);
    stage.result(request, 7);
    expect(stage.failures).toEqual([]);
    expect(stage.outcomes).toMatchObject([{ ending: 'complete' }]);
  });

  test('a failure keeps what depends on it from running, lets equal priority go on, and is counted', () => {
    const stage = new Stage();
    stage.start(
      graph([
        { actions: operation(1, 'A_start_0', 1) },
        { actions: operation(2, 'A_monitor_10000', 1), inputs: [1] },
        { actions: operation(3, 'B_start_0', 2), priority: '5' },
        { actions: operation(4, 'B_monitor_10000', 2), inputs: [3], priority: '5' },
      ]),
    );
    const [startA, startB] = stage.requests.splice(0) as [ActionRequest, ActionRequest];
    stage.result(startA, 1);
    expect(stage.aborts).toMatchObject([{ priority: 1, completion: 'restart', text: 'Event failed' }]);
    expect(stage.failures).toMatchObject([
      {
        node: 'lb1',
        failCount: { name: 'fail-count-A#start_0', value: 'INFINITY' },
        lastFailure: { name: 'last-failure-A#start_0', value: '1795000000' },
      },
    ]);
    stage.result(startB);
    expect(stage.take()).toEqual(['B_monitor_10000@lb2']);
  });

  test('a failed monitor adds one, a failure that is to be ignored nothing', () => {
    const stage = new Stage();
    stage.start(
      graph([
        { actions: operation(1, 'A_monitor_10000', 1) },
        { actions: operation(2, 'B_monitor_10000', 1, '', ' CRM_meta_on_fail="ignore"') },
      ]),
    );
    const [first, second] = stage.requests as [ActionRequest, ActionRequest];
    stage.result(second, 7);
    expect(stage.aborts).toEqual([]);
    expect(stage.failures).toMatchObject([{ resource: 'B', failCount: undefined }]);
    stage.result(first, 7);
    expect(stage.failures[1]).toMatchObject({ failCount: { name: 'fail-count-A#monitor_10000', value: 'value++' } });
  });

  test('a change of the configuration waits for what is in flight, then asks the scheduler', () => {
    const stage = new Stage();
    stage.start(stopThenStart);
    const [stop] = stage.requests as [ActionRequest];
    stage.take();
    stage.engine.handleDiff(notify(element('change', { operation: 'modify', path: '/cib/configuration/resources' })));
    expect(stage.aborts).toMatchObject([
      { priority: 1_000_000, text: 'Configuration change', graphWasComplete: false },
    ]);
    expect(stage.outcomes).toEqual([]);
    stage.result(stop);
    expect(stage.take()).toEqual([]);
    expect(stage.outcomes).toMatchObject([
      { ending: 'stopped', completion: 'restart', abortReason: 'Configuration change', skipped: 1, incomplete: 2 },
    ]);
  });

  test('what came in one diff is seen together: an abort holds back what its result would allow', () => {
    const stage = new Stage();
    stage.start(stopThenStart);
    const [stop] = stage.requests as [ActionRequest];
    stage.take();
    const result = childElements(
      childElements(
        childElements(resultNotify('1', historyEntry(stop, 0, 0)), 'cib_update_result')[0] as Element,
      )[0] as Element,
    )[0] as Element;
    stage.engine.handleDiff(notify(result, element('change', { operation: 'modify', path: '/cib/configuration/x' })));
    expect(stage.take()).toEqual([]);
    expect(stage.outcomes).toMatchObject([{ ending: 'stopped' }]);
  });

  test('with no graph running an abort asks for a new one; in states without transitions it is nothing', () => {
    const stage = new Stage();
    expect(stage.engine.abort(1_000_000, 'restart', 'x')).toBe(true);
    expect(stage.aborts).toMatchObject([{ graphWasComplete: true }]);
    stage.state = 'S_NOT_DC';
    expect(stage.engine.abort(1_000_000, 'restart', 'x')).toBe(false);
    expect(stage.aborts).toHaveLength(1);
  });

  test('a second graph does not replace one that runs', () => {
    const stage = new Stage();
    stage.start(stopThenStart);
    expect(stage.engine.start(parseGraph(parseXml(stopThenStart)))).toBe(false);
    expect(stage.aborts).toMatchObject([{ text: 'Transition Active' }]);
  });

  test('a result that never comes is recorded as a timeout', () => {
    const stage = new Stage();
    stage.start(stopThenStart);
    expect(stage.timers.map((timer) => timer.atMs)).toEqual([80_000]);
    stage.timers[0]?.run();
    expect(stage.aborts).toMatchObject([{ text: 'Action lost' }]);
    expect(printCompact(stage.recorded[0] as Element)).toContain(
      `<lrm_rsc_op id="A_last_failure_0" operation_key="A_stop_0" operation="stop" crm-debug-origin="controld_record_action_event" crm_feature_set="3.16.1" transition-key="1:33:0:${uuid}" transition-magic="2:1;1:33:0:${uuid}" exit-reason="Local executor did not return result in time" on_node="lb1" call-id="-1" rc-code="1" op-status="2" interval="0"/><lrm_rsc_op id="A_last_0"`,
    );
    expect(stage.outcomes).toMatchObject([{ completion: 'restart' }]);
  });

  test('a lost node fails what was asked of it, and nothing of the others', () => {
    const stage = new Stage();
    stage.start(
      graph([
        { actions: operation(1, 'A_start_0', 2) },
        { actions: operation(2, 'B_start_0', 1) },
        { actions: operation(3, 'A_monitor_10000', 2), inputs: [1] },
      ]),
    );
    const other = stage.requests[1] as ActionRequest;
    stage.take();
    stage.engine.failIncompletable('2');
    expect(stage.aborts).toMatchObject([{ text: 'Node failure' }]);
    expect(stage.outcomes).toEqual([]);
    stage.result(other);
    expect(stage.outcomes).toMatchObject([{ ending: 'stopped', completion: 'restart' }]);
    expect(stage.take()).toEqual([]);
  });

  test('fencing is confirmed by the fencer, and its node is known as going down', () => {
    const fence = `<crm_event id="1" operation="stonith" operation_key="stonith-lb2-reboot" on_node="lb2" on_node_uuid="2">
      <attributes CRM_meta_on_node="lb2" CRM_meta_on_node_uuid="2" CRM_meta_stonith_action="reboot"/>
      <downed><node id="2"/></downed></crm_event>`;
    const stage = new Stage();
    stage.start(
      graph([{ actions: fence }, { actions: operation(2, 'A_start_0', 1), inputs: [1] }], 'stonith-timeout="90s"'),
    );
    const [request] = stage.requests as [ActionRequest];
    expect(request).toMatchObject({ type: 'fence', target: 'lb2', fencingAction: 'reboot', timeoutMs: 90_000 });
    stage.take();
    expect(stage.engine.downingAction('2')?.id).toBe(1);
    const gone = `/cib/status/node_state[@id='2']/transient_attributes[@id='2']`;
    stage.engine.handleDiff(notify(element('change', { operation: 'delete', path: gone })));
    expect(stage.aborts).toEqual([]);
    stage.engine.failIncompletable('2');
    expect(stage.outcomes).toEqual([]);
    stage.engine.fencingResult(request.type === 'fence' ? request.transitionKey : '', {
      succeeded: true,
      giveUp: false,
    });
    expect(stage.take()).toEqual(['A_start_0@lb1']);
  });

  test('a fencing that failed stops the rest: again, or not', () => {
    for (const [giveUp, completion] of [
      [false, 'restart'],
      [true, 'wait'],
    ] as const) {
      const stage = new Stage();
      stage.start(
        graph([
          {
            actions: `<crm_event id="1" operation="stonith" on_node="lb2" on_node_uuid="2"><attributes CRM_meta_stonith_action="off"/></crm_event>`,
          },
          { actions: operation(2, 'A_start_0', 1), inputs: [1] },
        ]),
      );
      stage.engine.fencingResult(`1:33:0:${uuid}`, { succeeded: false, giveUp });
      expect(stage.outcomes).toMatchObject([{ completion, abortReason: 'Stonith failed' }]);
    }
  });

  test('our own shutdown is the end of the graph, after all else', () => {
    const shutdown = `<crm_event id="1" operation="do_shutdown" on_node="lb1" on_node_uuid="1"><attributes CRM_meta_op_no_wait="true"/><downed><node id="1"/></downed></crm_event>`;
    const stage = new Stage();
    stage.start(graph([{ actions: shutdown, inputs: [2] }, { actions: operation(2, 'A_stop_0', 1) }]));
    const [stop] = stage.requests as [ActionRequest];
    stage.result(stop);
    expect(stage.requests).toHaveLength(1);
    expect(stage.outcomes).toMatchObject([
      { ending: 'complete', completion: 'shutdown', abortReason: 'local shutdown' },
    ]);
  });

  test.each([
    ['another engine', { key: '1:33:0:00000000-0000-0000-0000-000000000000', op: 'A_start_0' }, 'Foreign event'],
    ['a manual failure', { key: `1:-1:0:${uuid}`, op: 'A_asyncmon_0' }, 'Unexpected event'],
    ['an older graph', { key: `1:32:0:${uuid}`, op: 'A_start_0' }, 'Old event'],
    ['an older graph, recurring', { key: `1:32:0:${uuid}`, op: 'A_monitor_10000' }, 'Change in recurring result'],
    ['no action', { key: `99:33:0:${uuid}`, op: 'A_start_0' }, 'Unknown event'],
    ['an unreadable key', { key: 'nonsense', op: 'A_start_0' }, 'Bad event'],
  ])('a result of %s is noticed', (_what, { key, op }, text) => {
    const stage = new Stage();
    stage.start(stopThenStart);
    const entry = element('lrm_rsc_op', {
      id: 'x',
      operation_key: op,
      'transition-key': key,
      'op-status': 0,
      'rc-code': 0,
    });
    stage.engine.handleDiff(resultNotify('1', entry));
    expect(stage.aborts.map((abort) => abort.text)).toEqual([text]);
  });

  test('a pending entry, a repeated result and a failed request change nothing', () => {
    const stage = new Stage();
    stage.start(stopThenStart);
    const [stop] = stage.requests as [ActionRequest];
    stage.result(stop, 193, -1);
    expect(stage.take()).toEqual(['A_stop_0@lb1']);
    const failed = resultNotify('1', historyEntry(stop, 0, 0));
    stage.engine.handleDiff({ ...failed, attributes: new Map([...failed.attributes, ['cib_rc', '-6']]) });
    expect(stage.take()).toEqual([]);
    stage.result(stop);
    stage.result(stop);
    expect(stage.take()).toEqual(['A_start_0@lb2']);
    expect(stage.aborts).toEqual([]);
  });

  test('a removed operation confirms its cancel, else it is noticed', () => {
    const stage = new Stage();
    const path = (id: string): string =>
      `/cib/status/node_state[@id='1']/lrm[@id='1']/lrm_resources/lrm_resource[@id='A']/lrm_rsc_op[@id='${id}']`;
    stage.start(
      graph([
        {
          actions: `<rsc_op id="1" operation="cancel" operation_key="A_monitor_10000" on_node="lb1" on_node_uuid="1"><primitive id="A"/></rsc_op>`,
        },
        { actions: operation(2, 'A_stop_0', 1), inputs: [1] },
      ]),
    );
    stage.take();
    stage.engine.handleDiff(notify(element('change', { operation: 'delete', path: path('A_monitor_10000') })));
    expect(stage.take()).toEqual(['A_stop_0@lb1']);
    stage.engine.handleDiff(notify(element('change', { operation: 'delete', path: path('A_last_0') })));
    expect(stage.aborts).toMatchObject([{ text: 'Resource operation removal' }]);
  });

  test('a busy node gets one action at a time, migrations keep to their limit', () => {
    const stage = new Stage();
    stage.throttle.record('lb1', throttleMode.high, 8);
    stage.start(graph([1, 2, 3].map((id) => ({ actions: operation(id, `${'ABC'.charAt(id - 1)}_start_0`, 1) }))));
    const [first] = stage.requests as [ActionRequest];
    expect(stage.take()).toEqual(['A_start_0@lb1']);
    stage.throttle.record('lb1', throttleMode.none, 8);
    stage.engine.throttleChanged();
    expect(stage.take()).toEqual(['B_start_0@lb1', 'C_start_0@lb1']);
    stage.result(first);
    const migrating = new Stage();
    const ends = ' CRM_meta_migrate_source="lb1" CRM_meta_migrate_target="lb2"';
    migrating.start(
      graph(
        [1, 2].map((id) => ({ actions: operation(id, `${'AB'.charAt(id - 1)}_migrate_to_0`, 1, '', ends) })),
        'migration-limit="1"',
      ),
    );
    expect(migrating.take()).toEqual(['A_migrate_to_0@lb1']);
  });

  test('what depends on a failure runs only if it must run whatever happens', () => {
    const stage = new Stage();
    stage.start(
      graph([
        { actions: operation(1, 'A_start_0', 1) },
        { actions: operation(2, 'B_start_0', 1), inputs: [1], priority: '500' },
        { actions: operation(3, 'A_notify_0', 1), inputs: [1], priority: '1000000' },
      ]),
    );
    const [start] = stage.requests.splice(0) as [ActionRequest];
    stage.result(start, 1);
    expect(stage.take()).toEqual(['A_notify_0@lb1']);
  });

  test('a lost node that owed nothing changes nothing', () => {
    const stage = new Stage();
    stage.start(
      graph([
        { actions: `${operation(1, 'A_start_0', 2)}${operation(2, 'B_start_0', 1)}` },
        { actions: operation(3, 'C_start_0', 1) },
      ]),
    );
    stage.result(stage.requests[0] as ActionRequest);
    stage.engine.failIncompletable('2');
    expect(stage.aborts).toEqual([]);
  });

  test('a recurring operation that was cancelled after its graph is no surprise', () => {
    const stage = new Stage();
    stage.start(stopThenStart);
    const [stop] = stage.requests as [ActionRequest];
    const entry = historyEntry({ ...stop, transitionKey: `9:32:0:${uuid}` } as ActionRequest, 0, 1);
    stage.engine.handleDiff(
      resultNotify('1', withAttributes(entry, { operation: 'monitor', operation_key: 'A_monitor_10000' })),
    );
    expect(stage.aborts).toEqual([]);
  });

  test('after a change of the configuration the rest of a diff is not read', () => {
    const stage = new Stage();
    stage.start(stopThenStart);
    const change = (path: string): Element => element('change', { operation: 'delete', path });
    stage.engine.handleDiff(notify(change('/cib/configuration/x'), change(`/cib/status/node_state[@id='3']`)));
    expect(stage.aborts.map((abort) => abort.text)).toEqual(['Configuration change']);
  });

  test('a node takes as many actions as its own limit says', () => {
    const stage = new Stage();
    stage.throttle.record('lb1', throttleMode.none, 2);
    stage.start(graph([1, 2, 3].map((id) => ({ actions: operation(id, `${'ABC'.charAt(id - 1)}_start_0`, 1) }))));
    const [first] = stage.requests as [ActionRequest];
    expect(stage.take()).toEqual(['A_start_0@lb1', 'B_start_0@lb1']);
    stage.result(first);
    expect(stage.take()).toEqual(['C_start_0@lb1']);
  });

  test('batch-limit bounds what is in flight', () => {
    const stage = new Stage();
    stage.start(
      graph(
        [1, 2, 3].map((id) => ({ actions: operation(id, `${'ABC'.charAt(id - 1)}_start_0`, id) })),
        'batch-limit="2"',
      ),
    );
    expect(stage.take()).toHaveLength(2);
  });

  test('an operation without a node can not be started and stops the graph', () => {
    const stage = new Stage();
    stage.start(graph([{ actions: '<rsc_op id="1" operation="start" operation_key="A_start_0"/>' }]));
    expect(stage.requests).toEqual([]);
    expect(stage.outcomes).toHaveLength(1);
  });
});

describe('parseGraph', () => {
  test.each([
    ['<x/>', /no transition graph/],
    ['<transition_graph><synapse id="a"/></transition_graph>', /synapse has an id/],
    [
      '<transition_graph><synapse id="0"><action_set><boom id="1"/></action_set></synapse></transition_graph>',
      /no action/,
    ],
    [graph([{ actions: operation(1, 'A_stop_0', 1), inputs: [2] }]), /waits for action 2/],
    [graph([{ actions: operation(1, 'A_stop_0', 1) }, { actions: operation(1, 'B_stop_0', 1) }]), /twice/],
  ])('refuses %s', (text, message) => {
    expect(() => parseGraph(parseXml(text))).toThrow(message);
  });
});

describe.skipIf(!haveShared())("the reference's graphs", () => {
  test('each is walked to its end, and starts every action once', () => {
    const folder = sharedPath('cts-scheduler', 'exp');
    let walked = 0;
    for (const file of readdirSync(folder)) {
      const root = parseXml(readFileSync(`${folder}/${file}`, 'utf8'));
      const stage = new Stage();
      const parsed = parseGraph(root);
      stage.engine.start(parsed);
      const started = new Set<number>();
      for (let request = stage.requests.shift(); request !== undefined; request = stage.requests.shift()) {
        if (request.type === 'broadcast') continue;
        expect(started.has(request.action.id), `${file}: action ${request.action.id} once`).toBe(false);
        started.add(request.action.id);
        if (request.type === 'fence')
          stage.engine.fencingResult(request.transitionKey, { succeeded: true, giveUp: false });
        else if (!request.action.noWait) stage.result(request);
      }
      const real = [...walk(root)].filter(
        (each) => (each.name === 'rsc_op' || each.name === 'crm_event') && attr(each, 'id') !== undefined,
      );
      const wanted = new Set(real.map((each) => Number(attr(each, 'id'))));
      expect(stage.outcomes.at(-1)?.ending, file).toBe('complete');
      expect(
        [...wanted].filter((id) => !started.has(id)),
        `${file}: all started`,
      ).toEqual([]);
      walked += 1;
    }
    expect(walked).toBeGreaterThan(100);
    console.log(`${walked} graphs walked`);
  });
});
