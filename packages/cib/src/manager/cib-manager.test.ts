import { SimulatedCluster, SimulatedTime } from '@sanode/peers';
import { Reactor, releases, silentLogger } from '@sanode/runtime';
import { attr, descend, digestV2, type Element, element, firstChild, parseXml, withAttributes } from '@sanode/xml';
import { beforeEach, describe, expect, it } from 'vitest';
import { cibOption } from '../client/types.ts';
import { cibVersion, emptyCib, formatCibVersion } from '../document/version.ts';
import { CibManager } from './cib-manager.ts';
import type { CibHost } from './host.ts';

interface Machine {
  readonly core: CibManager;
  readonly answers: Map<number, Element>;
  readonly events: Element[];
  readonly sent: Element[];
  readonly stored: number[];
  exitCode: number | undefined;
  /** Whether writes end at once. */
  diskWorks: boolean;
}

const release = releases['3.0'];
let time: SimulatedTime;
let cluster: SimulatedCluster;

function start(name: string, cib: Element = emptyCib(release)): Machine {
  const reactor = new Reactor(`${name}/cib`);
  const base = time.host(silentLogger);
  let uuids = 0;
  const connection = cluster.connect(
    { node: name, group: 'cib', trackQuorum: false, autoReap: true, reactor },
    { message: ({ element: message }) => machine.core.peerMessage(message), peerChanged() {}, disconnected() {} },
  );
  const host: CibHost = {
    log: silentLogger,
    monotonicMs: () => base.monotonicMs(),
    wallMs: () => base.wallMs(),
    randomUint32: () => base.randomUint32(),
    setTimer: (delayMs, handler) => base.setTimer(delayMs, handler),
    randomUuid: () => `${name}-client-${uuids++}`,
    multicast: (message) => reactor.effect(() => send(undefined, message)),
    knows: (node) => connection.peerByName(node) !== undefined,
    sendTo: (node, message) => reactor.effect(() => send(node, message)),
    respond: (_client, token, answer) => void machine.answers.set(token, answer),
    event: (_client, message) => void machine.events.push(message),
    disconnectClient: (client) => reactor.effect(() => machine.core.clientGone(client)),
    persist: (_document, sequence) => {
      machine.stored.push(sequence);
      if (machine.diskWorks) time.after(1, () => machine.core.persisted(sequence, true));
    },
    activePeerCount: () => connection.peers().filter((peer) => peer.online && peer.id !== connection.localId).length,
    exit: (code) => {
      machine.exitCode = code;
    },
  };
  const send = (to: string | undefined, message: Element): void => {
    machine.sent.push(message);
    connection.send(to, message, reactor.cause);
  };
  const machine: Machine = {
    core: new CibManager(host, { nodeName: name, release, cib, clustered: true }),
    answers: new Map(),
    events: [],
    sent: [],
    stored: [],
    exitCode: undefined,
    diskWorks: true,
  };
  return machine;
}

let token = 0;
function ask(machine: Machine, client: string, attributes: Record<string, string | number>, data?: Element): number {
  token += 1;
  const request = element(
    'cib_command',
    { __name__: 'cib_command', t: 'cib', cib_callid: token, cib_callopt: cibOption.syncCall, ...attributes },
    data === undefined ? [] : [element('cib_calldata', {}, [data])],
  );
  machine.core.clientMessage(client, request, token);
  return token;
}

const root = { user: 'root', pid: 1, privileged: true, writable: true };
const property = (value: string): Element =>
  parseXml(`<cluster_property_set id="s"><nvpair id="p" name="n" value="${value}"/></cluster_property_set>`);
const change = {
  cib_op: 'cib_modify',
  cib_section: 'crm_config',
  cib_callopt: cibOption.syncCall | cibOption.canCreate,
};

function rcOf(machine: Machine, call: number): string | undefined {
  const answer = machine.answers.get(call);
  return answer && attr(answer, 'cib_rc');
}

function version(machine: Machine): string {
  return formatCibVersion(cibVersion(machine.core.cib));
}

beforeEach(() => {
  time = new SimulatedTime();
  cluster = new SimulatedCluster(time, {
    nodes: [
      { id: 1, name: 'lb1' },
      { id: 2, name: 'lb2' },
    ],
  });
  cluster.setRings(['lb1', 'lb2']);
});

describe('two replicas', () => {
  let lb1: Machine;
  let lb2: Machine;
  let client: string;

  beforeEach(() => {
    lb1 = start('lb1');
    lb2 = start('lb2');
    time.advance(10);
    client = lb1.core.clientConnected(root);
    ask(lb1, client, { cib_op: 'register', cib_clientname: 'test' });
  });

  it('carry out a change on both, in one order, and tell its client', () => {
    const call = ask(lb1, client, change, property('1'));
    expect(rcOf(lb1, call)).toBeUndefined();
    time.advance(10);
    expect(rcOf(lb1, call)).toBe('0');
    expect([version(lb1), version(lb2)]).toEqual(['0.1.0', '0.1.0']);
    expect(digestV2(lb1.core.cib, '3.0')).toBe(digestV2(lb2.core.cib, '3.0'));
    expect(attr(lb2.core.cib, 'update-origin')).toBe('lb1');
    expect(attr(lb2.core.cib, 'update-client')).toBe('test');
    expect(lb2.answers.size).toBe(0);
  });

  it('end in the same document when both are changed at once', () => {
    const other = lb2.core.clientConnected(root);
    for (let round = 0; round < 20; round += 1) {
      ask(lb1, client, change, property(`a${round}`));
      ask(lb2, other, change, property(`b${round}`));
    }
    time.advance(100);
    expect(version(lb1)).toBe('0.40.0');
    expect(digestV2(lb1.core.cib, '3.0')).toBe(digestV2(lb2.core.cib, '3.0'));
  });

  it('acknowledge a change of the configuration only when it is on disk', () => {
    lb1.diskWorks = false;
    const call = ask(lb1, client, change, property('1'));
    time.advance(1000);
    expect(version(lb1)).toBe('0.1.0');
    expect(rcOf(lb1, call)).toBeUndefined();
    lb1.core.persisted(lb1.stored.at(-1) as number, true);
    expect(rcOf(lb1, call)).toBe('0');
  });

  it('say so when the disk does not take it', () => {
    lb1.diskWorks = false;
    const call = ask(lb1, client, change, property('1'));
    time.advance(10);
    lb1.core.persisted(lb1.stored.at(-1) as number, false);
    expect(rcOf(lb1, call)).toBe('-210');
  });

  it('do not write status to disk', () => {
    ask(
      lb1,
      client,
      { cib_op: 'cib_modify', cib_section: 'status', cib_callopt: 0x1008 },
      parseXml('<node_state id="1"/>'),
    );
    time.advance(10);
    expect(version(lb1)).toBe('0.0.1');
    expect(lb1.stored).toEqual([]);
  });

  it('answer queries at home, and for another node', () => {
    const here = ask(lb1, client, { cib_op: 'cib_query' });
    expect(rcOf(lb1, here)).toBe('0');
    const there = ask(lb1, client, { cib_op: 'cib_query', cib_host: 'lb2', cib_section: 'nodes' });
    expect(rcOf(lb1, there)).toBeUndefined();
    time.advance(10);
    expect(firstChild(descend(lb1.answers.get(there) as Element, 'cib_calldata') as Element)?.name).toBe('nodes');
  });

  it('say at once when the node that is asked for is not known', () => {
    const call = ask(lb1, client, { cib_op: 'cib_sync', cib_host: 'nosuch' });
    expect(rcOf(lb1, call)).toBe('-107');
    const change = ask(
      lb1,
      client,
      { cib_op: 'cib_modify', cib_section: 'crm_config', cib_host: 'nosuch' },
      property('1'),
    );
    expect(rcOf(lb1, change)).toBe('-107');
  });

  it('give the whole document to a node that joins', () => {
    ask(lb1, client, change, property('1'));
    time.advance(10);
    cluster.crash('lb2');
    time.advance(10);
    ask(lb1, client, change, property('2'));
    time.advance(10);
    cluster.setRings(['lb1', 'lb2']);
    lb2 = start('lb2');
    time.advance(10);
    expect(version(lb2)).toBe('0.0.0');
    const call = ask(lb1, client, { cib_op: 'cib_sync', cib_host: 'lb1' });
    time.advance(10);
    expect(rcOf(lb1, call)).toBe('0');
    expect(version(lb2)).toBe('0.2.0');
    expect(lb2.stored.length).toBe(1);
    expect(digestV2(lb1.core.cib, '3.0')).toBe(digestV2(lb2.core.cib, '3.0'));
  });

  it('take the document of another node when that is the best', () => {
    const better = withAttributes(emptyCib(release), { epoch: 9 });
    cluster.crash('lb2');
    cluster.setRings(['lb1', 'lb2']);
    lb2 = start('lb2', better);
    time.advance(10);
    const call = ask(lb1, client, { cib_op: 'cib_sync', cib_host: 'lb2' });
    time.advance(10);
    expect(rcOf(lb1, call)).toBe('0');
    expect(version(lb1)).toBe('0.9.0');
  });

  it('refuse a full copy that is older than what they have', () => {
    ask(lb1, client, change, property('1'));
    time.advance(10);
    const old = emptyCib(release);
    const copy = element('copy', { t: 'cib', cib_op: 'cib_replace', cib_update: 'true', src: 'lb2' }, [
      element('cib_calldata', {}, [old]),
    ]);
    lb1.core.peerMessage(copy);
    expect(version(lb1)).toBe('0.1.0');
  });

  it('are repaired by the primary within seconds when one differs', () => {
    ask(lb1, client, change, property('1'));
    time.advance(10);
    cluster.crash('lb2');
    cluster.setRings(['lb1', 'lb2']);
    lb2 = start('lb2', withAttributes(emptyCib(release), { epoch: 1, 'dc-uuid': 7 }));
    time.advance(10);
    ask(lb1, client, { cib_op: 'cib_master' });
    time.advance(4_900);
    expect(digestV2(lb2.core.cib, '3.0')).not.toBe(digestV2(lb1.core.cib, '3.0'));
    time.advance(200);
    expect(digestV2(lb2.core.cib, '3.0')).toBe(digestV2(lb1.core.cib, '3.0'));
    expect(lb1.sent.map((message) => message.name)).toContain('copy');
  });

  it('do not ping without a primary, and once after each change with one', () => {
    time.advance(30_000);
    expect(lb1.sent.length + lb2.sent.length).toBe(0);
    ask(lb1, client, { cib_op: 'cib_master' });
    time.advance(60_000);
    expect(lb1.sent.filter((message) => message.name === 'ping').length).toBe(1);
    expect(lb1.sent.filter((message) => message.name === 'cib-reply').length).toBe(1);
  });

  it('tell subscribers everywhere', () => {
    const other = lb2.core.clientConnected({ ...root, writable: false });
    ask(lb2, other, { cib_op: 'cib_notify', cib_notify_type: 'cib_diff_notify', cib_notify_activate: 1 });
    ask(lb1, client, change, property('1'));
    time.advance(10);
    expect(lb2.events.map((event) => attr(event, 'subt'))).toEqual(['cib_diff_notify']);
    ask(lb1, client, change, property('1'));
    time.advance(10);
    expect(lb2.events.length).toBe(1);
  });

  it('refuse what a read-only client may not do, and unknown operations', () => {
    const reader = lb1.core.clientConnected({ ...root, writable: false });
    const call = ask(lb1, reader, change, property('1'));
    expect(rcOf(lb1, call)).toBe('-13');
    const unknown = ask(lb1, client, { cib_op: 'cib_explode' });
    expect(attr(lb1.answers.get(unknown) as Element, 'status')).toBe('-95');
    expect(lb1.sent).toEqual([]);
  });

  it('refuse users that access lists bind, as those are not supported', () => {
    ask(
      lb1,
      client,
      change,
      parseXml('<cluster_property_set id="s"><nvpair id="e" name="enable-acl" value="true"/></cluster_property_set>'),
    );
    time.advance(10);
    const joe = lb1.core.clientConnected({ user: 'joe', pid: 2, privileged: false, writable: true });
    const call = ask(lb1, joe, { ...change, cib_user: 'root' }, property('1'));
    time.advance(10);
    expect(rcOf(lb1, call)).toBe('-13');
    const allowed = ask(lb1, client, change, property('1'));
    time.advance(10);
    expect(rcOf(lb1, allowed)).toBe('0');
  });

  it('leave in order: clients first, then a word to the peers', () => {
    lb2.core.shutdown();
    expect(lb2.exitCode).toBeUndefined();
    time.advance(10);
    expect(lb2.exitCode).toBe(0);
    lb1.core.shutdown();
    expect(lb1.exitCode).toBeUndefined();
  });

  it('upgrade together, as far as the primary says, and tell its client', () => {
    const older = withAttributes(emptyCib(release), { 'validate-with': 'pacemaker-2.10' });
    for (const machine of [lb1, lb2]) {
      machine.core.peerMessage(
        element('copy', { t: 'cib', cib_op: 'cib_replace', cib_update: 'true', cib_isreplyto: 'lb1', src: 'lb1' }, [
          element('cib_calldata', {}, [withAttributes(older, { epoch: 5, num_updates: 3 })]),
        ]),
      );
    }
    expect(attr(lb2.core.cib, 'validate-with')).toBe('pacemaker-2.10');
    ask(lb2, lb2.core.clientConnected(root), { cib_op: 'cib_master' });
    const call = ask(lb1, client, { cib_op: 'cib_upgrade' });
    time.advance(20);
    expect(rcOf(lb1, call)).toBe('0');
    for (const machine of [lb1, lb2]) {
      expect(attr(machine.core.cib, 'validate-with')).toBe(release.newestSchema);
      expect(version(machine)).toBe('1.1.2');
    }
  });

  it('tell that an upgrade is not needed', () => {
    ask(lb1, client, { cib_op: 'cib_master' });
    const call = ask(lb1, client, { cib_op: 'cib_upgrade' });
    time.advance(10);
    expect(rcOf(lb1, call)).toBe('-211');
  });
});
