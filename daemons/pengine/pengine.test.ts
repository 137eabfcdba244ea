import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bzip2DecompressUpTo, Envelopes, messageData } from '@sanode/messages';
import { releases, silentLogger } from '@sanode/runtime';
import { attr, childElements, type Element, parseXml, walk, withAttributes } from '@sanode/xml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SchedulerService } from './answer.ts';
import { InputSeries, seriesLimit } from './input-series.ts';

const nowMs = 1_700_000_000_000;
let folder: string;
let service: SchedulerService;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sanode-pengine-'));
  service = new SchedulerService(
    { log: silentLogger, inputs: new InputSeries(folder), wallMs: () => nowMs, utcOffsetSeconds: () => 0 },
    releases['3.0'],
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

function cibOf(options: string): Element {
  return parseXml(`<cib validate-with="pacemaker-4.0" admin_epoch="0" epoch="1" num_updates="0" have-quorum="1" crm_feature_set="3.16.1"><configuration>
    <crm_config><cluster_property_set id="o"><nvpair id="a" name="stonith-enabled" value="false"/>${options}</cluster_property_set></crm_config>
    <nodes><node id="1" uname="lb1"/></nodes>
    <resources><primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2"/></resources><constraints/></configuration>
    <status><node_state id="1" uname="lb1" in_ccm="true" crmd="online" join="member" expected="member"/></status></cib>`);
}

function ask(data: Element | undefined, task = 'pe_calc'): { reply: Element; request: Element } {
  const envelopes = new Envelopes({ wallMs: () => nowMs }, { featureSet: '3.20.5' });
  const request = envelopes.request({ task, to: 'pengine', from: 'dc', origin: 'test', data });
  const { reply, afterwards } = service.answer(request);
  afterwards();
  return { reply, request };
}

describe('the scheduler daemon', () => {
  it('answers pe_calc with a graph under the same reference and names the saved input', () => {
    const { reply, request } = ask(cibOf(''));
    expect(attr(reply, 'reference')).toBe(attr(request, 'reference'));
    expect(attr(reply, 'crm_sys_to')).toBe('dc');
    const graph = messageData(reply) as Element;
    const keys = [...walk(graph)].map((each) => attr(each, 'operation_key')).filter((key) => key !== undefined);
    expect(keys).toContain('vip_start_0');
    const file = attr(reply, 'crm-tgraph-in') ?? '';
    expect(file).toBe(join(folder, 'pe-input-0.bz2'));
    const saved = parseXml(bzip2DecompressUpTo(readFileSync(file), 1_000_000).toString('utf8'));
    expect(attr(saved, 'execution-date')).toBe(String(nowMs / 1000));
    expect(childElements(saved).map((child) => child.name)).toEqual(['configuration', 'status']);
  });

  it('takes a document of an older schema, upgraded, and refuses one that can not be', () => {
    const older = withAttributes(cibOf('<nvpair id="b" name="no_quorum_policy" value="stop"/>'), {
      'validate-with': 'pacemaker-2.10',
    });
    const { reply } = ask(older);
    expect(attr(reply, 'sanode-refusal')).toBeUndefined();
    expect(messageData(reply)?.name).toBe('transition_graph');
    const unknown = ask(withAttributes(older, { 'validate-with': 'pacemaker-9.9' }));
    expect(attr(unknown.reply, 'sanode-refusal')).toMatch(/^Cannot upgrade configuration/);
    expect(messageData(unknown.reply)).toBeUndefined();
  });

  it('counts transitions and saved inputs, and starts again at the limit', () => {
    const limited = cibOf('<nvpair id="b" name="pe-input-series-max" value="2"/>');
    const names = [1, 2, 3].map(() => attr(ask(limited).reply, 'crm-tgraph-in')?.slice(folder.length + 1));
    expect(names).toEqual(['pe-input-0.bz2', 'pe-input-1.bz2', 'pe-input-0.bz2']);
    expect(attr(messageData(ask(limited).reply) as Element, 'transition_id')).toBe('4');
  });

  it('saves nothing where the limit is 0', () => {
    const { reply } = ask(cibOf('<nvpair id="b" name="pe-input-series-max" value="0"/>'));
    expect(attr(reply, 'crm-tgraph-in')).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('puts inputs whose configuration is wrong into their own series', () => {
    const { reply } = ask(cibOf('<nvpair id="b" name="no-quorum-policy" value="perhaps"/>'));
    expect(attr(reply, 'crm-tgraph-in')).toBe(join(folder, 'pe-error-0.bz2'));
  });

  it('refuses what is no question for it in one sentence', () => {
    expect(attr(ask(undefined).reply, 'sanode-refusal')).toMatch(/no CIB/);
    expect(attr(ask(cibOf(''), 'ping').reply, 'sanode-refusal')).toMatch(/ping/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('reads limits as the reference does', () => {
    expect(seriesLimit('error', undefined)).toBe(-1);
    expect(seriesLimit('warn', 'many')).toBe(5000);
    expect(seriesLimit('input', '-1')).toBe(-1);
  });
});
