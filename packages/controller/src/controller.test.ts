import { emptyCib } from '@sanode/cib';
import { SimulatedCluster, SimulatedTime } from '@sanode/peers';
import { type Logger, releases } from '@sanode/runtime';
import { attr, type Element, element, evaluateXPath, parseXml, printCompact, selectElements, walk } from '@sanode/xml';
import { describe, expect, it } from 'vitest';
import { simpleSchedule } from './simple-scheduler.ts';
import { type SimulatedBehaviour, SimulatedNode } from './simulated-node.ts';

const web = parseXml('<primitive id="web" class="ocf" provider="heartbeat" type="Dummy"/>');

/** Prints what happens when SANODE_TEST_LOG is set. */
function logOf(name: string, time: SimulatedTime): Logger | undefined {
  if (process.env['SANODE_TEST_LOG'] === undefined) return undefined;
  const line = (level: string) => (_fields: object, message: string) =>
    console.log(`${time.nowMs.toFixed(0).padStart(7)} ${name} ${level} ${message}`);
  const log: Logger = {
    trace() {},
    debug() {},
    info: line('info'),
    warn: line('WARN'),
    error: line('ERROR'),
    fatal: line('FATAL'),
    child: () => log,
  };
  return log;
}

function probing(_node: string, _resource: string, task: string): { rc: number; ms: number } {
  return { rc: task === 'monitor' && !started.has(_node) ? 7 : 0, ms: 5 };
}
const started = new Set<string>();

interface Lab {
  readonly time: SimulatedTime;
  readonly cluster: SimulatedCluster;
  readonly nodes: Record<string, SimulatedNode>;
  start(name: string, options?: { release?: '2.1' | '3.0' }): SimulatedNode;
}

function lab(names: readonly string[], behaviour: Partial<SimulatedBehaviour> = {}, twoNode = names.length === 2): Lab {
  const time = new SimulatedTime();
  started.clear();
  const cluster = new SimulatedCluster(time, {
    nodes: names.map((name, index) => ({ id: index + 1, name })),
    ...(twoNode ? { quorate: () => true } : {}),
  });
  cluster.setRings(names);
  const nodes: Record<string, SimulatedNode> = {};
  const all: SimulatedBehaviour = {
    schedule: simpleSchedule,
    operate(node, resource, task) {
      const result = probing(node, resource, task);
      if (task === 'start') started.add(node);
      if (task === 'stop') started.delete(node);
      return result;
    },
    ...behaviour,
  };
  return {
    time,
    cluster,
    nodes,
    start(name, options = {}) {
      const release = releases[options.release ?? '3.0'];
      const log = logOf(name, time);
      const node = new SimulatedNode(
        { time, cluster, behaviour: all, ...(log === undefined ? {} : { log }) },
        { name, release, cib: emptyCib(release), seed: name.charCodeAt(name.length - 1) },
      );
      nodes[name] = node;
      node.start();
      return node;
    },
  };
}

function configure(node: SimulatedNode): void {
  node.change({ operation: 'cib_create', section: 'resources', data: web });
}

function states(nodes: Record<string, SimulatedNode>): Record<string, string> {
  return Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, node.controller.state]));
}

function nodeState(node: SimulatedNode, name: string): Element {
  const found = selectElements(node.cib.cib, `/cib/status/node_state[@uname='${name}']`)[0];
  if (found === undefined) throw new Error(`no state of ${name}`);
  return found;
}

/** Nodes on which web is active as the agents saw it. */
function active(): string[] {
  return [...started];
}

describe('one node', () => {
  it('elects itself about a second after it is up, as it is all there is', () => {
    const { time, start } = lab(['lb1']);
    const node = start('lb1');
    time.advance(900);
    expect(node.controller.state).toBe('S_PENDING');
    time.advance(400);
    expect(node.controller.state).toBe('S_IDLE');
    expect(node.controller.dc).toBe('lb1');
    expect(node.toolsOpen).toBe(true);
    const state = nodeState(node, 'lb1');
    expect(attr(state, 'join')).toBe('member');
    expect(attr(state, 'expected')).toBe('member');
    expect(Number(attr(state, 'in_ccm'))).toBeGreaterThan(1_700_000_000);
    expect(attr(node.cib.cib, 'dc-uuid')).toBe('1');
    expect(attr(node.cib.cib, 'have-quorum')).toBe('1');
    const properties = selectElements(node.cib.cib, '//crm_config//nvpair').map(
      (pair) => `${attr(pair, 'name')}=${attr(pair, 'value')}`,
    );
    expect(properties).toEqual([
      'have-watchdog=false',
      'dc-version=3.0.2-test',
      'cluster-infrastructure=corosync',
      'cluster-name=simulated',
    ]);
    expect(node.attributes).toEqual([{ node: 'lb1', name: '#feature-set', value: '3.20.5' }]);
  });

  it('runs what is configured: probe, start, monitor, with the history to show', () => {
    const { time, start } = lab(['lb1']);
    const node = start('lb1');
    time.advance(1500);
    configure(node);
    time.advance(500);
    expect(node.operations).toEqual(['monitor web', 'start web', 'monitor web 10000']);
    expect(node.controller.state).toBe('S_IDLE');
    const entries = selectElements(node.cib.cib, '//lrm_rsc_op');
    expect(entries.map((entry) => attr(entry, 'id'))).toEqual(['web_last_0', 'web_monitor_10000']);
    expect(entries.map((entry) => attr(entry, 'transition-magic')?.slice(0, 4))).toEqual(['0:0;', '0:0;']);
  });

  it('counts a failed monitor and recovers', () => {
    const { time, start } = lab(['lb1']);
    const node = start('lb1');
    time.advance(1500);
    configure(node);
    time.advance(500);
    node.operations.length = 0;
    node.failRecurring('web', 'monitor', 10_000, 7);
    time.advance(500);
    expect(node.attributes.filter((each) => each.name.startsWith('fail-count')).map((each) => each.value)).toEqual([
      'value++',
    ]);
    expect(node.operations).toEqual(['stop web', 'start web', 'monitor web 10000']);
    expect(node.controller.state).toBe('S_IDLE');
  });

  it('stops by itself when asked, its resources first', () => {
    const { time, start } = lab(['lb1']);
    const node = start('lb1');
    time.advance(1500);
    configure(node);
    time.advance(500);
    node.term();
    time.advance(500);
    expect(node.operations.at(-1)).toBe('stop web');
    expect(node.exit).toMatchObject({ code: 0 });
  });
});

describe('two nodes', () => {
  it('agree on one DC, whichever comes first, and run the resource once', () => {
    const { time, nodes, start } = lab(['lb1', 'lb2']);
    start('lb1');
    time.advance(300);
    start('lb2');
    time.advance(2500);
    expect(Object.values(states(nodes)).sort()).toEqual(['S_IDLE', 'S_NOT_DC']);
    expect(nodes['lb1']?.controller.dc).toBe(nodes['lb2']?.controller.dc);
    configure(nodes['lb2'] as SimulatedNode);
    time.advance(500);
    expect(active()).toEqual(['lb1']);
    expect(nodes['lb2']?.operations).toEqual(['monitor web']);
  });

  it('wait dc-deadtime while the other is missing, then begin alone, and let it join', () => {
    const { time, nodes, start } = lab(['lb1', 'lb2']);
    start('lb1');
    time.advance(19_000);
    expect(states(nodes)).toEqual({ lb1: 'S_PENDING' });
    time.advance(2_000);
    expect(states(nodes)).toEqual({ lb1: 'S_IDLE' });
    start('lb2');
    time.advance(500);
    expect(states(nodes)).toEqual({ lb1: 'S_IDLE', lb2: 'S_NOT_DC' });
    expect(attr(nodeState(nodes['lb1'] as SimulatedNode, 'lb2'), 'join')).toBe('member');
  });

  it.each(['lb1', 'lb2'])('take over within 100 ms when %s is cut from its power', (victim) => {
    const { time, cluster, nodes, start } = lab(['lb1', 'lb2'], { age: (node) => (node === victim ? 9 : 1) });
    start('lb1');
    start('lb2');
    time.advance(2500);
    expect(nodes[victim]?.controller.state).toBe('S_IDLE');
    configure(nodes['lb1'] as SimulatedNode);
    time.advance(500);
    expect(active()).toEqual(['lb1']);
    const survivor = victim === 'lb1' ? 'lb2' : 'lb1';
    started.delete(victim);
    cluster.crash(victim);
    time.advance(100);
    expect(active()).toEqual([survivor]);
    time.advance(200);
    expect(nodes[survivor]?.controller.state).toBe('S_IDLE');
    const state = nodeState(nodes[survivor] as SimulatedNode, victim);
    expect(attr(state, 'crmd')).toBe('0');
    expect(attr(state, 'join')).toBe('down');
  });

  it('move everything off a node that stops, DC or not, and let it go', () => {
    for (const leaving of ['lb1', 'lb2']) {
      const { time, nodes, start } = lab(['lb1', 'lb2']);
      start('lb1');
      start('lb2');
      time.advance(2500);
      configure(nodes['lb1'] as SimulatedNode);
      time.advance(500);
      nodes[leaving]?.term();
      time.advance(1000);
      expect(nodes[leaving]?.exit).toMatchObject({ code: 0 });
      const other = leaving === 'lb1' ? 'lb2' : 'lb1';
      expect(states(nodes)[other]).toBe('S_IDLE');
      expect(active()).toEqual([other]);
      expect(attr(nodeState(nodes[other] as SimulatedNode, leaving), 'expected')).toBe('down');
    }
  });

  it('find one DC again when both were one after a partition', () => {
    const { time, cluster, nodes, start } = lab(['lb1', 'lb2']);
    start('lb1');
    start('lb2');
    time.advance(2500);
    cluster.setRings(['lb1'], ['lb2']);
    time.advance(1000);
    expect(states(nodes)).toEqual({ lb1: 'S_IDLE', lb2: 'S_IDLE' });
    cluster.setRings(['lb1', 'lb2']);
    time.advance(5000);
    expect(Object.values(states(nodes)).sort()).toEqual(['S_IDLE', 'S_NOT_DC']);
  });

  it('follow a 2.1 DC with its words, and write what it writes', () => {
    const { time, nodes, start } = lab(['lb1', 'lb2']);
    start('lb1', { release: '2.1' });
    start('lb2', { release: '3.0' });
    time.advance(3000);
    expect(states(nodes)).toEqual({ lb1: 'S_IDLE', lb2: 'S_NOT_DC' });
    const state = nodeState(nodes['lb1'] as SimulatedNode, 'lb2');
    expect([attr(state, 'in_ccm'), attr(state, 'crmd'), attr(state, 'join')]).toEqual(['true', 'online', 'member']);
  });
});

describe('three nodes', () => {
  it('elect another DC when theirs dies, and go on', () => {
    const { time, cluster, nodes, start } = lab(['lb1', 'lb2', 'lb3']);
    for (const name of ['lb1', 'lb2', 'lb3']) start(name);
    time.advance(3000);
    expect(states(nodes)).toEqual({ lb1: 'S_IDLE', lb2: 'S_NOT_DC', lb3: 'S_NOT_DC' });
    configure(nodes['lb3'] as SimulatedNode);
    time.advance(500);
    started.delete('lb1');
    cluster.crash('lb1');
    time.advance(150);
    expect(active()).toEqual(['lb2']);
    time.advance(500);
    expect(
      Object.values(states({ lb2: nodes['lb2'] as SimulatedNode, lb3: nodes['lb3'] as SimulatedNode })).sort(),
    ).toEqual(['S_IDLE', 'S_NOT_DC']);
  });

  it('write that quorum is lost', () => {
    const { time, cluster, nodes, start } = lab(['lb1', 'lb2', 'lb3']);
    for (const name of ['lb1', 'lb2', 'lb3']) start(name);
    time.advance(3000);
    cluster.setRings(['lb1'], ['lb2', 'lb3']);
    time.advance(1000);
    expect(attr(nodes['lb1']?.cib.cib as Element, 'have-quorum')).toBe('0');
    expect(attr(nodes['lb2']?.cib.cib as Element, 'have-quorum')).toBe('1');
  });

  it('keep the same CIB everywhere', () => {
    const { time, nodes, start } = lab(['lb1', 'lb2', 'lb3']);
    for (const name of ['lb1', 'lb2', 'lb3']) start(name);
    time.advance(3000);
    configure(nodes['lb2'] as SimulatedNode);
    time.advance(1000);
    const texts = Object.values(nodes).map((node) => printCompact(node.cib.cib));
    expect(new Set(texts).size).toBe(1);
  });
});

describe('tools', () => {
  const request = (task: string, attributes: Record<string, string> = {}, data?: Element): Element =>
    element(
      'message',
      {
        t: 'crmd',
        version: '3.20.5',
        subt: 'request',
        reference: `${task}-tool-1-0`,
        crm_task: task,
        crm_sys_to: 'crmd',
        crm_sys_from: 'tool',
        ...attributes,
      },
      data === undefined ? [] : [element('crm_xml', {}, [data])],
    );
  const answers = (node: SimulatedNode): Element[] =>
    node.toolMessages.map(
      (each) => [...walk(each.message)].find((part) => part.name !== 'crm_xml' && part !== each.message) as Element,
    );

  function pair(): Lab {
    const made = lab(['lb1', 'lb2']);
    made.start('lb1');
    made.start('lb2');
    made.time.advance(3000);
    configure(made.nodes['lb1'] as SimulatedNode);
    made.time.advance(500);
    return made;
  }

  it('learn states, nodes and the DC, here and on other nodes', () => {
    const { time, nodes } = pair();
    const [lb1, lb2] = [nodes['lb1'] as SimulatedNode, nodes['lb2'] as SimulatedNode];
    lb2.tool('c1', request('ping', { crm_host_to: 'lb1' }));
    lb2.tool('c1', request('ping', { crm_sys_to: 'dc' }));
    lb2.tool('c1', request('node-info'));
    lb2.tool('c1', request('list-nodes'));
    time.advance(100);
    expect(answers(lb1)).toEqual([]);
    const got = answers(lb2);
    expect(got.filter((each) => each.name === 'ping_response').map((each) => attr(each, 'crmd_state'))).toEqual([
      'S_IDLE',
      'S_IDLE',
    ]);
    expect(got.find((each) => each.name === 'node')?.attributes.get('uname')).toBe('lb2');
    expect(got.find((each) => each.name === 'nodes')?.children.length).toBe(2);
    expect(lb2.toolMessages.map((each) => each.client)).toEqual(['c1', 'c1', 'c1', 'c1']);
  });

  it('delete the history of a resource, and are told', () => {
    const { time, nodes } = pair();
    const [lb1, lb2] = [nodes['lb1'] as SimulatedNode, nodes['lb2'] as SimulatedNode];
    const attributes = element('attributes', { crm_feature_set: '3.20.5', CRM_meta_timeout: '60000' });
    const data = element('rsc_op', { 'transition-key': '1:0:0:xxxxxxxx-xrsc-opxx-xcrm-resourcexxxx', on_node: 'lb1' }, [
      web,
      attributes,
    ]);
    lb2.tool('c1', request('lrm_delete', { crm_host_to: 'lb1' }, data));
    lb1.operations.length = 0;
    time.advance(500);
    const ack = lb2.toolMessages[0]?.message as Element;
    expect(attr(ack, 'crm_task')).toBe('lrm_invoke');
    expect(evaluateXPath(ack, 'string(//lrm_rsc_op/@rc-code)')).toBe('0');
    expect(lb1.operations[0]).toBe('monitor web');
    expect(active()).toEqual(['lb1']);
  });

  it('simulate a failure', () => {
    const { time, nodes } = pair();
    const lb1 = nodes['lb1'] as SimulatedNode;
    const attributes = element('attributes', { crm_feature_set: '3.20.5' });
    const data = element('rsc_op', { 'transition-key': '1:0:0:xxxxxxxx-xrsc-opxx-xcrm-resourcexxxx', on_node: 'lb1' }, [
      web,
      attributes,
    ]);
    lb1.tool('c1', request('lrm_fail', { crm_host_to: 'lb1' }, data));
    time.advance(100);
    const names = lb1.attributes.map((each) => each.name);
    expect(names).toContain('fail-count-web#asyncmon_0');
  });

  it('without a name are turned away', () => {
    const { nodes } = pair();
    const options = element('options', { major_version: '1', minor_version: '0', client_name: 'crm_node' });
    expect(nodes['lb1']?.tool('c1', request('hello', {}, options))).toBe(true);
    expect(nodes['lb1']?.tool('c1', request('hello', {}, element('options', { major_version: 'x' })))).toBe(false);
  });
});

describe('a replaced CIB', () => {
  it('makes all join anew, so that the status is true again', () => {
    const { time, nodes, start } = lab(['lb1', 'lb2']);
    start('lb1');
    start('lb2');
    time.advance(3000);
    const dc = nodes['lb1'] as SimulatedNode;
    configure(dc);
    time.advance(500);
    const root = dc.cib.cib;
    const epoch = Number(attr(root, 'epoch')) + 1;
    const emptied = {
      ...root,
      attributes: new Map([...root.attributes, ['epoch', String(epoch)]]),
      children: root.children.map((child) =>
        child.type === 'element' && child.name === 'status' ? element('status') : child,
      ),
    };
    dc.operations.length = 0;
    nodes['lb2']?.change({ operation: 'cib_replace', data: emptied });
    time.advance(1000);
    expect(Object.values(states(nodes)).sort()).toEqual(['S_IDLE', 'S_NOT_DC']);
    expect(attr(nodeState(dc, 'lb2'), 'join')).toBe('member');
    expect(selectElements(dc.cib.cib, '//lrm_rsc_op').length).toBeGreaterThan(1);
    expect(active()).toEqual(['lb1']);
    expect(dc.operations).toEqual([]);
  });
});

describe('a daemon that is started anew', () => {
  it('finds its resource by a probe and does not touch it', () => {
    const made = lab(['lb1', 'lb2'], {
      operate(node, _resource, task) {
        if (task === 'start') started.add(node);
        if (task === 'stop') started.delete(node);
        return { rc: task === 'monitor' && !started.has(node) ? 7 : 0, ms: 5 };
      },
    });
    const { time, cluster, nodes, start } = made;
    start('lb1');
    start('lb2');
    time.advance(3000);
    configure(nodes['lb1'] as SimulatedNode);
    time.advance(500);
    expect(active()).toEqual(['lb1']);
    const old = nodes['lb1'] as SimulatedNode;
    old.exit = { code: 1, why: 'killed' };
    cluster.crash('lb1');
    cluster.setRings(['lb1', 'lb2']);
    const again = start('lb1');
    time.advance(3000);
    expect(Object.values(states(nodes)).sort()).toEqual(['S_IDLE', 'S_NOT_DC']);
    expect(again.operations).toContain('monitor web');
  });
});

describe('a controller that crashes', () => {
  it.each(['lb1', 'lb2'])('on %s moves nothing if it comes back within five seconds', (victim) => {
    const { time, cluster, nodes, start } = lab(['lb1', 'lb2']);
    start('lb1');
    start('lb2');
    time.advance(3000);
    configure(nodes['lb1'] as SimulatedNode);
    time.advance(500);
    expect(active()).toEqual(['lb1']);
    const other = nodes[victim === 'lb1' ? 'lb2' : 'lb1'] as SimulatedNode;
    (nodes[victim] as SimulatedNode).exit = { code: 1, why: 'killed' };
    cluster.kill(victim, 'crmd');
    cluster.kill(victim, 'cib');
    time.advance(4000);
    expect(other.operations.filter((each) => each.startsWith('start'))).toEqual(victim === 'lb1' ? [] : ['start web']);
    const again = start(victim);
    time.advance(4000);
    expect(Object.values(states(nodes)).sort()).toEqual(['S_IDLE', 'S_NOT_DC']);
    expect(active()).toEqual(['lb1']);
    expect(again.operations).not.toContain('stop web');
  });

  it('again and again moves nothing as long as it comes back soon', () => {
    const { time, cluster, nodes, start } = lab(['lb1', 'lb2']);
    start('lb1');
    start('lb2');
    time.advance(3000);
    configure(nodes['lb1'] as SimulatedNode);
    time.advance(500);
    for (let crash = 1; crash <= 5; crash += 1) {
      (nodes['lb1'] as SimulatedNode).exit = { code: 1, why: 'killed' };
      cluster.kill('lb1', 'crmd');
      cluster.kill('lb1', 'cib');
      time.advance(1000);
      start('lb1');
      time.advance(3000);
      expect(Object.values(states(nodes)).sort()).toEqual(['S_IDLE', 'S_NOT_DC']);
    }
    expect(active()).toEqual(['lb1']);
    expect(nodes['lb2']?.operations).not.toContain('start web');
  });

  it('and stays away is given up after five seconds', () => {
    const { time, cluster, nodes, start } = lab(['lb1', 'lb2']);
    start('lb1');
    start('lb2');
    time.advance(3000);
    configure(nodes['lb1'] as SimulatedNode);
    time.advance(500);
    (nodes['lb1'] as SimulatedNode).exit = { code: 1, why: 'killed' };
    cluster.kill('lb1', 'crmd');
    time.advance(4900);
    expect(nodes['lb2']?.operations).toEqual(['monitor web']);
    time.advance(300);
    expect(nodes['lb2']?.operations).toContain('start web');
  });

  it('is not waited for when its whole node goes', () => {
    const { time, cluster, nodes, start } = lab(['lb1', 'lb2']);
    start('lb1');
    start('lb2');
    time.advance(3000);
    configure(nodes['lb1'] as SimulatedNode);
    time.advance(500);
    cluster.kill('lb1', 'crmd');
    time.advance(200);
    expect(nodes['lb2']?.operations).not.toContain('start web');
    cluster.crash('lb1');
    time.advance(200);
    expect(nodes['lb2']?.operations).toContain('start web');
  });
});

describe('operations', () => {
  it('that time out or fail are counted, recorded and recovered from', () => {
    let fail = true;
    const { time, start } = lab(['lb1'], {
      operate(node, _resource, task) {
        if (task === 'start' && fail) {
          fail = false;
          return { rc: 1, ms: 5, status: 2 };
        }
        if (task === 'start') started.add(node);
        return { rc: task === 'monitor' && !started.has(node) ? 7 : 0, ms: 5 };
      },
    });
    const node = start('lb1');
    time.advance(2000);
    configure(node);
    time.advance(500);
    expect(node.attributes.find((each) => each.name === 'fail-count-web#start_0')?.value).toBe('INFINITY');
    const failure = selectElements(node.cib.cib, "//lrm_rsc_op[@id='web_last_failure_0']")[0] as Element;
    expect([attr(failure, 'op-status'), attr(failure, 'rc-code')]).toEqual(['2', '1']);
    expect(node.operations).toEqual(['monitor web', 'start web', 'start web', 'monitor web 10000']);
  });

  it('that never end are given up by the DC, and written down', () => {
    const { time, start } = lab(['lb1'], {
      operate: (_node, _resource, task) => (task === 'start' ? undefined : { rc: 7, ms: 5 }),
    });
    const node = start('lb1');
    time.advance(2000);
    configure(node);
    time.advance(79_000);
    expect(selectElements(node.cib.cib, "//lrm_rsc_op[@crm-debug-origin='controld_record_action_event']")).toEqual([]);
    time.advance(3_000);
    const lost = selectElements(
      node.cib.cib,
      "//lrm_rsc_op[@exit-reason='Local executor did not return result in time']",
    );
    expect(lost.length).toBeGreaterThan(0);
  });
});

describe('a join', () => {
  it('is not begun anew by answers that come twice or too late', () => {
    const { time, cluster, nodes, start } = lab(['lb1', 'lb2']);
    const seen: Element[] = [];
    cluster.connect(
      { node: 'lb1', group: 'crmd', trackQuorum: false, autoReap: true },
      { message: ({ element: message }) => seen.push(message), peerChanged() {}, disconnected() {} },
    );
    start('lb1');
    start('lb2');
    time.advance(3000);
    const dc = nodes['lb1'] as SimulatedNode;
    expect(dc.controller.state).toBe('S_IDLE');
    const answers = seen.filter((each) => ['join_request', 'join_confirm'].includes(attr(each, 'crm_task') ?? ''));
    expect(answers.length).toBeGreaterThanOrEqual(4);
    for (const answer of answers) {
      dc.reactor.enter(() => dc.controller.handleMessage(answer));
      expect(dc.controller.state).toBe('S_IDLE');
    }
  });

  it('takes one round when a node comes to an idle cluster', () => {
    const { time, cluster, nodes, start } = lab(['lb1', 'lb2']);
    const offers: string[] = [];
    start('lb1');
    time.advance(21_000);
    cluster.connect(
      { node: 'lb1', group: 'crmd', trackQuorum: false, autoReap: true },
      {
        message: ({ element: message }) => {
          if (attr(message, 'crm_task') === 'join_offer') offers.push(attr(message, 'join_id') ?? '');
        },
        peerChanged() {},
        disconnected() {},
      },
    );
    start('lb2');
    time.advance(1000);
    expect(states(nodes)).toEqual({ lb1: 'S_IDLE', lb2: 'S_NOT_DC' });
    expect(new Set(offers).size).toBe(1);
    expect(offers.length).toBeLessThanOrEqual(3);
  });
});

describe('what goes wrong', () => {
  it('keeps asking a scheduler that is not there', () => {
    let there = false;
    const { time, start } = lab(['lb1'], { schedule: (cib, id) => (there ? simpleSchedule(cib, id) : undefined) });
    const node = start('lb1');
    time.advance(5000);
    expect(node.controller.state).toBe('S_POLICY_ENGINE');
    there = true;
    time.advance(1500);
    expect(node.controller.state).toBe('S_IDLE');
  });

  it('ends with code 1 and lets pacemakerd restart it when the executor goes', () => {
    const { time, start } = lab(['lb1']);
    const node = start('lb1');
    time.advance(2000);
    node.reactor.enter(() => node.controller.handleExecutorGone('killed'));
    time.advance(100);
    expect(node.exit?.code).toBe(1);
  });

  it('leaves at the second SIGTERM although no DC answers', () => {
    const { time, start } = lab(['lb1', 'lb2']);
    const node = start('lb1');
    time.advance(2000);
    node.term();
    time.advance(1000);
    expect(node.exit).toBeUndefined();
    node.term();
    time.advance(100);
    expect(node.exit).toBeDefined();
  });

  it('refuses to start anything while it stops', () => {
    const { time, start } = lab(['lb1', 'lb2']);
    const node = start('lb1');
    time.advance(100);
    node.term();
    const primitive = element('rsc_op', { operation: 'start', 'transition-key': '1:1:0:u' }, [
      web,
      element('attributes'),
    ]);
    const order = element(
      'message',
      {
        t: 'crmd',
        crm_task: 'lrm_invoke',
        crm_sys_to: 'lrmd',
        crm_sys_from: 'tengine',
        crm_host_to: 'lb1',
        src: 'lb2',
      },
      [element('crm_xml', {}, [primitive])],
    );
    node.reactor.enter(() => node.controller.handleMessage(order));
    time.advance(100);
    expect(node.operations).toEqual([]);
  });

  it('drops what is no controller message', () => {
    const { time, start } = lab(['lb1']);
    const node = start('lb1');
    time.advance(2000);
    for (const bad of [
      element('x'),
      element('x', { t: 'cib', crm_sys_to: 'crmd' }),
      element('x', { t: 'crmd', crm_sys_to: 'crmd', crm_task: 'nonsense', subt: 'request' }),
    ]) {
      node.reactor.enter(() => node.controller.handleMessage(bad));
    }
    expect(node.controller.state).toBe('S_IDLE');
  });
});
