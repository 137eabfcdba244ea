import { type Element, element } from '@sanode/xml';

/** How large a cluster is. */
export interface ClusterSize {
  readonly nodes: number;
  /** Primitives; the last one is cloned on every node, the others are in groups of four. */
  readonly resources: number;
}

const membersPerGroup = 4;
const executionDate = 1_700_000_000;

/**
 * A cluster that has just started: every node online, nothing running, nothing probed. Groups of four; of each four
 * groups the second runs with and after the first, the third apart from the first, the fourth after the third and
 * rather beside it; every eighth group after the clone. The same for the same size.
 */
export function freshCluster({ nodes, resources }: ClusterSize): Element {
  const groups = Math.floor((resources - 1) / membersPerGroup);
  const alone = resources - 1 - groups * membersPerGroup;
  return element(
    'cib',
    {
      'validate-with': 'pacemaker-3.9',
      admin_epoch: 0,
      epoch: 1,
      num_updates: 0,
      'have-quorum': 1,
      'dc-uuid': 1,
      'execution-date': executionDate,
      crm_feature_set: '3.16.1',
    },
    [
      element('configuration', {}, [
        element('crm_config', {}, [
          element('cluster_property_set', { id: 'cib-bootstrap-options' }, [
            nvpair('cib-bootstrap-options-stonith-enabled', 'stonith-enabled', 'false'),
            nvpair('cib-bootstrap-options-no-quorum-policy', 'no-quorum-policy', 'stop'),
          ]),
        ]),
        element(
          'nodes',
          {},
          range(nodes).map((at) => element('node', { id: at + 1, uname: nodeName(at) })),
        ),
        element('resources', {}, [
          ...range(groups).map(group),
          ...range(alone).map((at) => primitive(`alone-${at}`, at)),
          element('clone', { id: 'everywhere-clone' }, [primitive('everywhere', 0)]),
        ]),
        element('constraints', {}, range(groups).flatMap(constraintsOf)),
      ]),
      element('status', {}, range(nodes).map(nodeState)),
    ],
  );
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

function nodeName(at: number): string {
  return `node-${String(at + 1).padStart(2, '0')}`;
}

function groupName(at: number): string {
  return `group-${String(at).padStart(4, '0')}`;
}

function nvpair(id: string, name: string, value: string): Element {
  return element('nvpair', { id, name, value });
}

function primitive(id: string, at: number): Element {
  return element('primitive', { id, class: 'ocf', provider: 'pacemaker', type: 'Dummy' }, [
    element('instance_attributes', { id: `${id}-params` }, [
      nvpair(`${id}-params-state`, 'state', `/run/dummy-${id}.state`),
      nvpair(`${id}-params-fake`, 'fake', String(at % 7)),
    ]),
    element('operations', {}, [
      element('op', { id: `${id}-monitor-10s`, name: 'monitor', interval: '10s', timeout: '20s' }),
      element('op', { id: `${id}-start-0s`, name: 'start', interval: '0s', timeout: '20s' }),
      element('op', { id: `${id}-stop-0s`, name: 'stop', interval: '0s', timeout: '20s' }),
    ]),
  ]);
}

function group(at: number): Element {
  const id = groupName(at);
  return element(
    'group',
    { id },
    range(membersPerGroup).map((member) => primitive(`${id}-${member}`, at + member)),
  );
}

function constraintsOf(at: number): Element[] {
  const id = groupName(at);
  const before = (distance: number): string => groupName(at - distance);
  const order = (first: string, kind: string): Element =>
    element('rsc_order', { id: `order-${first}-${id}`, kind, first, then: id });
  const colocation = (primary: string, score: string): Element =>
    element('rsc_colocation', { id: `colocation-${id}-${primary}`, score, rsc: id, 'with-rsc': primary });
  const constraints: Element[] = [];
  if (at % 4 === 1) constraints.push(colocation(before(1), 'INFINITY'), order(before(1), 'Mandatory'));
  if (at % 4 === 2) constraints.push(colocation(before(2), '-INFINITY'));
  if (at % 4 === 3) constraints.push(colocation(before(1), '500'), order(before(1), 'Optional'));
  if (at % 8 === 0) constraints.push(order('everywhere-clone', 'Mandatory'));
  return constraints;
}

function nodeState(at: number): Element {
  const id = at + 1;
  return element(
    'node_state',
    { id, uname: nodeName(at), in_ccm: true, crmd: 'online', join: 'member', expected: 'member' },
    [element('lrm', { id }, [element('lrm_resources')])],
  );
}
