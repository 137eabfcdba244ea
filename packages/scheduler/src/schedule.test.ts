import { attr, childElements, type Element, parseXml, printCompact, walk } from '@sanode/xml';
import { describe, expect, it } from 'vitest';
import { transitionSummary } from './output/transition-summary.ts';
import { schedule } from './schedule.ts';

const nowMs = 1_700_000_000_000;
const emptyDigest = 'f2317cad3d54cec5d7d7aa7d0bf35cf8';
const uuid = 'a5e85e43-f35a-4f75-8e15-f0ddc8d81812';
const member = 'in_ccm="true" crmd="online" join="member" expected="member"';
const gone = 'in_ccm="false" crmd="offline" join="down" expected="member"';

interface Cluster {
  readonly options?: string;
  readonly quorum?: number;
  readonly states?: readonly [string, string];
  readonly histories?: readonly [string, string];
  readonly attributes?: readonly [string, string];
  readonly constraints?: string;
}

function operation(id: string, task: string, code: number, callId: number, intervalMs = 0): string {
  const expected = task === 'monitor' && intervalMs === 0 ? 7 : 0;
  const status = code === expected ? 0 : 4;
  return `<lrm_rsc_op id="${id}_${intervalMs > 0 ? `${task}_${intervalMs}` : `last_${callId}`}" operation_key="${id}_${task}_${intervalMs}"
    operation="${task}" call-id="${callId}" rc-code="${code}" op-status="${status}" interval="${intervalMs}" last-rc-change="1699999000"
    transition-key="1:1:${expected}:${uuid}" transition-magic="${status}:${code};1:1:${expected}:${uuid}" op-digest="${emptyDigest}"/>`;
}

function history(id: string, type: string, ...operations: string[]): string {
  return `<lrm_resource id="${id}" class="ocf" provider="heartbeat" type="${type}">${operations.join('')}</lrm_resource>`;
}

const probed =
  history('vip', 'IPaddr2', operation('vip', 'monitor', 7, 1)) +
  history('web', 'nginx', operation('web', 'monitor', 7, 2));
const running =
  history('vip', 'IPaddr2', operation('vip', 'start', 0, 3)) + history('web', 'nginx', operation('web', 'start', 0, 4));

/** The tutorial's cluster: an address and nginx with it, after it, and staying where they are. */
function tutorial(cluster: Cluster): Element {
  const states = cluster.states ?? [member, member];
  const histories = cluster.histories ?? [probed, probed];
  const attributes = cluster.attributes ?? ['', ''];
  const nodes = ['lb1', 'lb2'].map(
    (name, at) => `<node_state id="${at + 1}" uname="${name}" ${states[at]}>
      <lrm id="${at + 1}"><lrm_resources>${histories[at]}</lrm_resources></lrm>
      <transient_attributes id="${at + 1}"><instance_attributes id="s${at}">${attributes[at]}</instance_attributes></transient_attributes></node_state>`,
  );
  return parseXml(`<cib have-quorum="${cluster.quorum ?? 1}" dc-uuid="1" crm_feature_set="3.16.1"><configuration>
    <crm_config><cluster_property_set id="o">${cluster.options ?? ''}<nvpair id="o1" name="stonith-enabled" value="false"/>
      <nvpair id="o2" name="no-quorum-policy" value="ignore"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="lb1"/><node id="2" uname="lb2"/></nodes>
    <resources>
      <primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2"><operations><op id="vm" name="monitor" interval="10s" timeout="20s"/></operations></primitive>
      <primitive id="web" class="ocf" provider="heartbeat" type="nginx"><operations><op id="wm" name="monitor" interval="5s"/></operations></primitive>
    </resources>
    <constraints><rsc_colocation id="c" rsc="web" with-rsc="vip" score="INFINITY"/><rsc_order id="r" first="vip" then="web"/>${cluster.constraints ?? ''}</constraints>
    <rsc_defaults><meta_attributes id="d"><nvpair id="d1" name="resource-stickiness" value="INFINITY"/></meta_attributes></rsc_defaults>
    </configuration><status>${nodes.join('')}</status></cib>`);
}

function plan(cluster: Cluster): {
  steps: string[];
  summary: string[];
  placement: Record<string, string>;
  graph: Element;
} {
  const result = schedule(tutorial(cluster), { nowMs });
  const steps = childElements(result.graph, 'synapse').flatMap((synapse) =>
    childElements(childElements(synapse, 'action_set')[0] as Element).map(
      (action) =>
        `${attr(action, 'operation_key')}${attr(action, 'on_node') === undefined ? '' : ` ${attr(action, 'on_node')}`}`,
    ),
  );
  const summary = transitionSummary(result.set).map((line) => line.replace(/\s+/g, ' '));
  return { steps: steps.sort(), summary, placement: Object.fromEntries(result.placement), graph: result.graph };
}

function inputsOf(graph: Element, key: string): string[] {
  for (const synapse of childElements(graph, 'synapse')) {
    const keys = [...walk(synapse)].map((each) => attr(each, 'operation_key'));
    if (keys.find((each) => each !== undefined) !== key) continue;
    const inputs = childElements(childElements(synapse, 'inputs')[0] as Element, 'trigger');
    return inputs.map((trigger) => attr(childElements(trigger)[0] as Element, 'operation_key') ?? '').sort();
  }
  throw new Error(`there is no ${key} in the graph`);
}

describe("the tutorial's cluster", () => {
  it('probes first, then starts the address and nginx after it on one node', () => {
    const { steps, placement, graph } = plan({ histories: ['', ''] });
    expect(placement).toEqual({ vip: 'lb1', web: 'lb1' });
    expect(steps).toEqual([
      'vip_monitor_0 lb1',
      'vip_monitor_0 lb2',
      'vip_monitor_10000 lb1',
      'vip_start_0 lb1',
      'web_monitor_0 lb1',
      'web_monitor_0 lb2',
      'web_monitor_5000 lb1',
      'web_start_0 lb1',
    ]);
    expect(inputsOf(graph, 'vip_start_0')).toEqual(['vip_monitor_0', 'vip_monitor_0']);
    expect(inputsOf(graph, 'web_start_0')).toEqual(['vip_start_0', 'web_monitor_0', 'web_monitor_0']);
  });

  it('leaves alone what runs where it is', () => {
    const started = plan({ histories: [probed, running] });
    expect(started.placement).toEqual({ vip: 'lb2', web: 'lb2' });
    // Only the monitors are missing in that history.
    expect(started.steps).toEqual(['vip_monitor_10000 lb2', 'web_monitor_5000 lb2']);
    expect(started.summary).toEqual([]);
  });

  it('moves everything when a node is lost, without waiting for its stops (no fencing)', () => {
    const { steps, summary } = plan({ states: [gone, member], histories: [running, probed] });
    expect(summary).toEqual(['Start vip ( lb2 )', 'Start web ( lb2 )']);
    expect(steps.filter((step) => step.includes('stop'))).toEqual([]);
  });

  it('stops nginx before the address, and both before they start elsewhere, for a node in standby', () => {
    const standby = '<nvpair id="sb" name="standby" value="on"/>';
    const { summary, graph } = plan({ histories: [running, probed], attributes: [standby, ''] });
    expect(summary).toEqual(['Move vip ( lb1 -> lb2 )', 'Move web ( lb1 -> lb2 )']);
    expect(inputsOf(graph, 'vip_stop_0')).toEqual(['web_stop_0']);
    expect(inputsOf(graph, 'vip_start_0')).toEqual(['vip_stop_0']);
  });

  it('stops what runs there before a node shuts down', () => {
    const shutdown = `<nvpair id="sh" name="shutdown" value="1699999990"/>`;
    const { steps, graph } = plan({ histories: [running, probed], attributes: [shutdown, ''] });
    expect(steps).toContain('do_shutdown-lb1 lb1');
    expect(inputsOf(graph, 'do_shutdown-lb1')).toEqual(['vip_stop_0', 'web_stop_0']);
  });

  it('does nothing in maintenance mode', () => {
    const options = '<nvpair id="mm" name="maintenance-mode" value="true"/>';
    const { steps } = plan({ histories: [running, probed], states: [member, member], options });
    expect(steps).toEqual([]);
  });

  it('starts nothing and stops what runs without quorum', () => {
    const options = '<nvpair id="q" name="no-quorum-policy" value="stop"/>';
    const { steps, summary } = plan({ quorum: 0, histories: [running, probed], options });
    expect(steps).toEqual(expect.arrayContaining(['vip_stop_0 lb1', 'web_stop_0 lb1']));
    expect(steps.some((step) => step.includes('start'))).toBe(false);
    expect(summary.every((line) => line.startsWith('Stop'))).toBe(true);
  });

  it('recovers a failed nginx in place, and elsewhere once it has failed too often', () => {
    const failed =
      history('vip', 'IPaddr2', operation('vip', 'start', 0, 3)) +
      history('web', 'nginx', operation('web', 'start', 0, 4), operation('web', 'monitor', 1, 5, 5000));
    expect(plan({ histories: [failed, probed] }).summary).toEqual(['Recover web ( lb1 )']);
    const count = '<nvpair id="fc" name="fail-count-web#monitor_5000" value="1"/>';
    const threshold = '<nvpair id="d2" name="migration-threshold" value="1"/>';
    const cib = tutorial({ histories: [failed, probed], attributes: [count, ''] });
    const strict = parseXml(printCompact(cib).replace('<nvpair id="d1"', `${threshold}<nvpair id="d1"`));
    expect(Object.fromEntries(schedule(strict, { nowMs }).placement)).toEqual({ vip: 'lb2', web: 'lb2' });
  });

  it('gives the same bytes for the same input', () => {
    const cib = tutorial({ histories: ['', ''] });
    const once = printCompact(schedule(cib, { nowMs }).graph);
    expect(printCompact(schedule(cib, { nowMs }).graph)).toBe(once);
  });

  it('reports broken constraints and goes on', () => {
    const constraints = '<rsc_colocation id="bad" rsc="web" with-rsc="nobody" score="INFINITY"/><rsc_order first="a"/>';
    const result = schedule(tutorial({ constraints }), { nowMs });
    const errors = result.messages.filter(({ level, config }) => level === 'error' && config).map(({ text }) => text);
    expect(errors).toHaveLength(2);
    expect(errors[0]).toContain("'nobody'");
    expect(Object.fromEntries(result.placement)).toEqual({ vip: 'lb1', web: 'lb1' });
  });
});
