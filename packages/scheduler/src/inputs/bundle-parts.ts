import { attr, type Element, element } from '@sanode/xml';
import type { BundleReplica } from '../model/resource.ts';
import { type BundleDefinition, defaultControlPort, pairSet } from './bundles.ts';

/** The clone that runs a bundle's primitive, one instance in each container. */
export function bundledCloneXml(definition: BundleDefinition): Element {
  const { id, promotedMax, replicasPerHost } = definition;
  const meta: [string, string | undefined][] = [
    ['ordered', 'true'],
    ['clone-max', String(definition.replicas)],
    ['clone-node-max', String(replicasPerHost)],
    ['globally-unique', String(replicasPerHost > 1)],
    ['promotable', promotedMax > 0 ? 'true' : undefined],
    ['promoted-max', promotedMax > 0 ? String(promotedMax) : undefined],
  ];
  // The older of the two names is kept where there are promoted instances.
  return element('clone', { id: `${id}-${promotedMax > 0 ? 'master' : 'clone'}` }, [
    pairSet('meta_attributes', `${id}-clone-meta`, meta),
    definition.primitive,
  ]);
}

/** The container of a replica. */
export function containerXml(definition: BundleDefinition, replica: BundleReplica): Element {
  const id = `${definition.id}-${definition.agent}-${replica.offset}`;
  const hasPrimitive = definition.primitive !== undefined;
  const command = attr(definition.launcher, 'run-command');
  const attributes: [string, string | undefined][] = [
    ['image', attr(definition.launcher, 'image') ?? ''],
    ['allow_pull', 'true'],
    ['force_kill', 'false'],
    ['reuse', 'false'],
    ['run_opts', runOptions(definition, replica)],
    ['mount_points', mountPoints(definition, replica.offset)],
    ['run_cmd', hasPrimitive ? (command ?? '/usr/sbin/pacemaker-remoted') : command],
    ['monitor_cmd', '/bin/true'],
  ];
  return element('primitive', { id, class: 'ocf', provider: 'heartbeat', type: definition.agent }, [
    pairSet('instance_attributes', `${definition.id}-attributes-${replica.offset}`, attributes),
    element('operations', {}, [element('op', { id: `${id}-monitor-60s`, name: 'monitor', interval: '60s' })]),
  ]);
}

function expandedSource(definition: BundleDefinition, offset: number, at: number): string {
  const mount = definition.mounts[at];
  if (mount === undefined) return '';
  return mount.subDirectory ? `${mount.source}/${definition.id}-${offset}` : mount.source;
}

function mountPoints(definition: BundleDefinition, offset: number): string {
  return definition.mounts
    .map((mount, at) => (mount.subDirectory ? expandedSource(definition, offset, at) : undefined))
    .filter((source) => source !== undefined)
    .join(',');
}

function runOptions(definition: BundleDefinition, replica: BundleReplica): string {
  const { network } = definition;
  const networkAttribute = (name: string) => (network === undefined ? undefined : attr(network, name));
  let options = definition.agent === 'docker' ? ' --restart=no' : '';
  if (networkAttribute('ip-range-start') !== undefined) options += ` -h ${definition.id}-${replica.offset}`;
  options += ' -e PCMK_stderr=1';
  const net = attr(definition.launcher, 'network');
  if (net !== undefined) options += ` --net=${net}`;
  options += ` -e PCMK_remote_port=${networkAttribute('control-port') ?? defaultControlPort}`;
  for (const [at, mount] of definition.mounts.entries()) {
    options += ` -v ${expandedSource(definition, replica.offset, at)}:${mount.target}`;
    if (mount.options !== undefined) options += `:${mount.options}`;
  }
  for (const port of definition.ports) {
    if (replica.ipAddress !== undefined) options += ` -p ${replica.ipAddress}:${port.source}:${port.target}`;
    else if (net?.toLowerCase() !== 'host') options += ` -p ${port.source}:${port.target}`;
  }
  const configured = attr(definition.launcher, 'options');
  if (configured !== undefined) options += ` ${configured}`;
  return `${options} ${definition.hostOptions}`;
}

/** The address resource of a replica. */
export function ipXml(definition: BundleDefinition, address: string, offset: number): Element {
  const id = `${definition.id}-ip-${address}`.replace(/[^A-Za-z0-9_.-]/g, '.');
  const { network } = definition;
  const attributes: [string, string | undefined][] = [
    ['ip', address],
    ['nic', network === undefined ? undefined : attr(network, 'host-interface')],
    ['cidr_netmask', (network === undefined ? undefined : attr(network, 'host-netmask')) ?? '32'],
  ];
  return element('primitive', { id, class: 'ocf', provider: 'heartbeat', type: 'IPaddr2' }, [
    pairSet('instance_attributes', `${definition.id}-attributes-${offset}`, attributes),
    element('operations', {}, [element('op', { id: `${id}-monitor-60s`, name: 'monitor', interval: '60s' })]),
  ]);
}

/** The address after another one; none at the end of what the last two octets give. */
export function nextAddress(address: string): string | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (match === null) return undefined;
  let third = Number(match[3]);
  let last = Number(match[4]) + 1;
  if (last - 1 > 253) {
    third += 1;
    last = 1;
    if (third - 1 > 253) return undefined;
  }
  return `${match[1]}.${match[2]}.${third}.${last}`;
}
