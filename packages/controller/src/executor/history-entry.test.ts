import { readFileSync } from 'node:fs';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { attr, descend, type Element, parseXml, printCompact, selectElements } from '@sanode/xml';
import { describe, expect, it } from 'vitest';
import { agentParameters } from './agent-parameters.ts';
import { historyEntries } from './history-entry.ts';
import { ExecutorMemory } from './memory.ts';
import { hasFailed, type Operation, readOperation } from './operation.ts';

const requester = { system: 'tengine', node: 'lb1' };
const agent = { restart: ['state'], secret: ['passwd'] };

interface Captured {
  readonly order: Element;
  readonly written: Element;
}

/** Orders of a real DC with the history that a real controller wrote for them. */
function captured(): Captured[] {
  const life = JSON.parse(readFileSync(sharedPath('vectors', 'pacemaker', 'life.json'), 'utf8')) as {
    events: { group?: string; xml?: string }[];
  };
  const orders = new Map<string, Element>();
  const found: Captured[] = [];
  for (const { group, xml } of life.events) {
    if (xml === undefined || xml.includes('characters, md5 of the whole')) continue;
    if (group === 'crmd' && xml.includes('crm_task="lrm_invoke"')) {
      const order = selectElements(parseXml(xml), '//rsc_op')[0];
      if (order !== undefined) orders.set(attr(order, 'transition-key') ?? '', order);
    }
    if (group !== 'cib' || !xml.includes('do_update_resource')) continue;
    for (const written of selectElements(parseXml(xml), '//lrm_rsc_op')) {
      const order = orders.get(attr(written, 'transition-key') ?? '');
      if (order !== undefined) found.push({ order, written });
    }
  }
  return found;
}

function operationOf({ order, written }: Captured): Operation {
  const read = readOperation(order, requester, 0);
  if (typeof read === 'string') throw new Error(read);
  const number = (name: string): number => Number(attr(written, name));
  return {
    ...read,
    callId: number('call-id'),
    status: number('op-status'),
    rc: number('rc-code'),
    exitReason: attr(written, 'exit-reason') ?? '',
    runTimeS: number('last-rc-change'),
    rcChangeS: number('last-rc-change'),
    execMs: number('exec-time'),
    queueMs: number('queue-time'),
  };
}

describe.skipIf(!haveShared())('history that a real controller wrote', () => {
  const all = haveShared() ? captured() : [];

  it('has enough to compare', () => expect(all.length).toBeGreaterThan(10));

  it.each(all.map((each) => [attr(each.written, 'transition-magic') ?? '', each] as const))('%s', (_magic, each) => {
    const isOcf = attr(descend(each.order, 'primitive') as Element, 'class') === 'ocf';
    const entries = historyEntries(operationOf(each), {
      node: attr(each.written, 'on_node') ?? '',
      origin: 'do_update_resource',
      featureSet: '3.16.1',
      escaping: '2.1',
      agent: isOcf ? agent : undefined,
    });
    const same = entries.find((entry) => attr(entry, 'id') === attr(each.written, 'id'));
    expect(same && printCompact(same)).toBe(printCompact(each.written));
  });
});

const order = (task: string, attributes: Record<string, string> = {}): Operation => {
  const text = Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join('');
  const read = readOperation(
    parseXml(
      `<rsc_op operation="${task}" transition-key="1:2:0:u"><primitive id="r" class="ocf" provider="p" type="t"/><attributes${text}/></rsc_op>`,
    ),
    requester,
    100,
  );
  if (typeof read === 'string') throw new Error(read);
  return { ...read, status: 0, rc: 0, callId: 5 };
};
const context = { node: 'lb1', origin: 'x', featureSet: '3.20.5', escaping: '3.0', agent: undefined } as const;
const ids = (operation: Operation): (string | undefined)[] =>
  historyEntries(operation, context).map((entry) => attr(entry, 'id'));

describe('entries', () => {
  it('are named by what happened', () => {
    expect(ids(order('start'))).toEqual(['r_last_0']);
    expect(ids(order('monitor', { CRM_meta_interval: '5000' }))).toEqual(['r_monitor_5000']);
    expect(ids({ ...order('start'), rc: 1 })).toEqual(['r_last_failure_0', 'r_last_0']);
    expect(ids({ ...order('monitor', { CRM_meta_interval: '5000' }), rc: 1 })).toEqual(['r_last_failure_0']);
    expect(ids({ ...order('start'), rc: 193, status: -1 })).toEqual(['r_last_0']);
    expect(ids(order('migrate_to'))).toEqual(['r_migrate_to_0']);
    expect(ids(order('notify', { CRM_meta_notify_type: 'post', CRM_meta_notify_operation: 'start' }))).toEqual([
      'r_post_notify_start_0',
    ]);
  });

  it('record a reload as the start that it stands for', () => {
    const entry = historyEntries(order('reload-agent'), context)[0] as Element;
    expect([attr(entry, 'operation'), attr(entry, 'operation_key')]).toEqual(['start', 'r_start_0']);
  });

  it('leave out times that nobody measured', () => {
    const entry = historyEntries({ ...order('delete'), runTimeS: 0, rcChangeS: 0 }, context)[0] as Element;
    expect(attr(entry, 'last-rc-change')).toBeUndefined();
  });
});

describe('failures', () => {
  it.each([
    [2, 0, true],
    [4, 0, true],
    [1, 1, false],
    [-1, 193, false],
    [0, 0, false],
    [0, 7, true],
    [9, 0, true],
  ])('status %i with rc %i: %s', (status, rc, expected) =>
    expect(hasFailed({ status, rc, targetRc: 0 })).toBe(expected),
  );
});

describe('memory', () => {
  it('keeps last, failed and recurring, and what a stop needs', () => {
    const memory = new ExecutorMemory();
    memory.record(order('start', { ip: '10.0.0.1', CRM_meta_timeout: '20000' }));
    memory.record(order('monitor', { CRM_meta_interval: '5000' }));
    memory.record({ ...order('monitor', { CRM_meta_interval: '5000' }), rc: 7 });
    expect([...(memory.stopParameters('r') ?? [])]).toEqual([['ip', '10.0.0.1']]);
    const names = selectElements(
      memory.snapshot(() => context),
      '//lrm_rsc_op',
    ).map((entry) => attr(entry, 'id'));
    expect(names).toEqual(['r_last_failure_0', 'r_last_0']);
    memory.forgetFailure('r', undefined, undefined);
    memory.record(order('stop'));
    expect(
      selectElements(
        memory.snapshot(() => context),
        '//lrm_rsc_op',
      ).map((entry) => attr(entry, 'operation')),
    ).toEqual(['stop']);
  });
});

describe('meta-data', () => {
  it('tells which parameters need a restart', () => {
    const root = (action: string): Element =>
      parseXml(
        `<resource-agent name="x"><parameters><parameter name="state" unique="1"/><parameter name="fake" reloadable="1"/><parameter name="passwd" reloadable="1" private="1"/></parameters><actions><action name="${action}"/></actions></resource-agent>`,
      );
    expect(agentParameters(root('reload-agent'))).toEqual({ restart: ['state'], secret: ['passwd'] });
    expect(agentParameters(root('reload')).restart).toEqual(['state']);
    expect(agentParameters(root('start')).restart).toBeUndefined();
  });
});

describe('orders', () => {
  it.each([
    ['<rsc_op operation="start"/>'],
    ['<rsc_op operation="start"><primitive id="x"/></rsc_op>'],
    ['<rsc_op><primitive id="x" class="ocf" type="y"/></rsc_op>'],
  ])('that say too little are refused: %s', (text) => {
    expect(typeof readOperation(parseXml(text), requester, 0)).toBe('string');
  });
});
