import { attr, childElements, descend, type Element, element, walk } from '@sanode/xml';

const TARGET_RC_STOPPED = 7;

/**
 * A scheduler of straw for tests: one resource `web` runs on the online node with the lowest id that does not want to
 * leave; nodes that want to leave and run nothing get do_shutdown.
 */
export function simpleSchedule(cib: Element, transitionId: number): Element {
  const nodes = readNodes(cib);
  const synapses: Element[] = [];
  let action = 0;
  const add = (kind: string, attributes: Record<string, string>, children: Element[], after: number[] = []): number => {
    action += 1;
    const node = element(kind, { id: action, ...attributes }, children);
    const inputs = after.map((id) => element('trigger', {}, [element(kind, { id })]));
    synapses.push(
      element('synapse', { id: action }, [element('action_set', {}, [node]), element('inputs', {}, inputs)]),
    );
    return action;
  };
  const operation = (node: Known, task: string, intervalMs: number, targetRc: number, after: number[] = []): number =>
    add(
      'rsc_op',
      { operation: task, operation_key: `web_${task}_${intervalMs}`, on_node: node.name, on_node_uuid: node.id },
      [
        element('primitive', { id: 'web', class: 'ocf', provider: 'heartbeat', type: 'Dummy' }),
        element('attributes', {
          CRM_meta_timeout: 20000,
          CRM_meta_interval: intervalMs === 0 ? undefined : intervalMs,
          CRM_meta_op_target_rc: targetRc,
          crm_feature_set: '3.20.5',
          fake: 'hello',
        }),
      ],
      after,
    );
  const online = nodes.filter((node) => node.online);
  const unprobed = online.filter((node) => !node.probed);
  const probes = unprobed.map((node) => operation(node, 'monitor', 0, TARGET_RC_STOPPED));
  const target = online.find((node) => !node.leaving);
  const owners = online.filter((node) => node.active);
  const stops = owners.filter((node) => node !== target || node.failed).map((node) => operation(node, 'stop', 0, 0));
  const isConfigured = [...walk(cib)].some((each) => each.name === 'primitive' && attr(each, 'id') === 'web');
  if (!isConfigured) {
    synapses.length = 0;
  } else if (target !== undefined && (!target.active || target.failed)) {
    const start = operation(target, 'start', 0, 0, [...probes, ...stops]);
    operation(target, 'monitor', 10_000, 0, [start]);
  }
  for (const node of online) {
    if (!node.leaving) continue;
    const attributes = {
      operation: 'do_shutdown',
      operation_key: `do_shutdown-${node.name}`,
      on_node: node.name,
      on_node_uuid: node.id,
    };
    const meta = element('attributes', { CRM_meta_op_no_wait: 'true' });
    add(
      'crm_event',
      attributes,
      [meta, element('downed', {}, [element('node', { id: node.id })])],
      isConfigured ? stops : [],
    );
  }
  return element(
    'transition_graph',
    { transition_id: transitionId, 'cluster-delay': '60s', 'batch-limit': 0 },
    synapses,
  );
}

interface Known {
  readonly id: string;
  readonly name: string;
  readonly online: boolean;
  readonly leaving: boolean;
  readonly probed: boolean;
  readonly active: boolean;
  readonly failed: boolean;
}

function readNodes(cib: Element): Known[] {
  const states = childElements(descend(cib, 'status') ?? cib, 'node_state');
  const known = states.map((state): Known => {
    const operations = [...walk(state)].filter((each) => each.name === 'lrm_rsc_op');
    const done = operations.filter((each) => attr(each, 'op-status') !== '-1');
    const last = done.find((each) => attr(each, 'id') === 'web_last_0');
    const failure = done.find((each) => attr(each, 'id') === 'web_last_failure_0');
    const [task, rc] = [last && attr(last, 'operation'), last && attr(last, 'rc-code')];
    const recovered =
      failure !== undefined && last !== undefined && Number(attr(last, 'call-id')) > Number(attr(failure, 'call-id'));
    const leaving = [...walk(state)].some(
      (each) => each.name === 'nvpair' && attr(each, 'name') === 'shutdown' && attr(each, 'value') !== '',
    );
    const yes = (value: string | undefined): boolean => value === 'true' || value === 'online' || Number(value) > 1;
    return {
      id: attr(state, 'id') ?? '',
      name: attr(state, 'uname') ?? '',
      online: yes(attr(state, 'in_ccm')) && yes(attr(state, 'crmd')) && attr(state, 'join') === 'member',
      leaving,
      probed: done.length > 0,
      active: rc === '0' && (task === 'start' || task === 'monitor'),
      failed: failure !== undefined && attr(failure, 'rc-code') !== '0' && !recovered,
    };
  });
  return known.sort((a, b) => Number(a.id) - Number(b.id));
}
