import { existsSync } from 'node:fs';
import { type Agent, type AgentContext, type OcfCode, type Operation, ocf } from '@sanode/ocf';
import { announceByProgram, announceIpv4 } from './announce.ts';
import { parameters } from './parameters.ts';
import { Rtnetlink } from './rtnetlink.ts';
import { isServed, monitor, settleIpv6, start, status, stop } from './service.ts';
import { checkParameters, findTarget, type Target } from './settings.ts';
import { watch } from './watch.ts';

type Body = (context: AgentContext, network: Rtnetlink, target: Target) => OcfCode | Promise<OcfCode>;

/** What every action does first (ocf-agents.md 2.2). */
function withTarget(body: Body): Operation {
  return async (context) => {
    const namespace = context.param('network_namespace');
    if (namespace !== '') return await inNamespace(context, namespace);
    const refusal = checkParameters(context) ?? refuseClusterIp(context);
    if (refusal !== undefined) return refusal.code;
    const network = await Rtnetlink.open();
    try {
      const found = await findTarget(context, network);
      return 'code' in found ? found.code : await body(context, network, found.target);
    } finally {
      network.close();
    }
  };
}

/** The same action as a program inside the namespace: a thread's namespace can't be changed from here. */
async function inNamespace(context: AgentContext, namespace: string): Promise<OcfCode> {
  if (/^[A-Za-z0-9_.-]+$/.test(namespace) && existsSync(`/run/netns/${namespace}`)) {
    return await context.rerun(['ip', 'netns', 'exec', namespace], { OCF_RESKEY_network_namespace: '' });
  }
  context.printError(`Cannot open network namespace "${namespace}": No such file or directory`);
  if (context.isProbe) return ocf.notRunning;
  return context.action === 'start' ? ocf.installed : 255;
}

/** Cluster IP needs an iptables target that kernels have dropped (ocf-agents.md 2.8): refused, never half done. */
function refuseClusterIp(context: AgentContext): { code: OcfCode } | undefined {
  if (Number(context.meta('clone_max') ?? '1') <= 1 || context.flag('unique_clone_address')) return undefined;
  if (context.action === 'stop') return { code: ocf.success };
  if (context.isProbe) return { code: ocf.notRunning };
  context.exitReason('Cluster IP (a cloned address shared by nodes) is not supported: kernels have dropped CLUSTERIP');
  return { code: ocf.installed };
}

const usageText = (program: string): string =>
  [
    `usage: ${program} {start|stop|status|monitor|validate-all|meta-data}`,
    '',
    'Expects to have a fully populated OCF RA-compliant environment set.',
  ].join('\n');

/** Announcing that goes on after start or monitor has been answered. */
async function announce(context: AgentContext, args: readonly string[], byProgram: boolean): Promise<void> {
  const network = await Rtnetlink.open();
  try {
    const found = await findTarget({ ...context, action: 'monitor', isProbe: false }, network);
    if ('code' in found || !(await isServed(network, found.target))) return;
    const count = Number(args[0] ?? '0');
    if (byProgram) await announceByProgram(context, found.target, count);
    else if (found.target.address?.family === 'inet6') await settleIpv6(context, network, found.target);
    else await announceIpv4(context, found.target, count, Number(context.param('arp_interval')));
  } finally {
    network.close();
  }
}

/** ocf:heartbeat:IPaddr2 (ocf-agents.md 2). */
export const ipaddr2Agent: Agent = {
  provider: 'heartbeat',
  name: 'IPaddr2',
  version: '1.0',
  apiVersion: '1.0',
  shortDescription: 'Manages virtual IPv4 and IPv6 addresses',
  longDescription: [
    'Adds an address to an interface and removes it, and tells the neighbours that it has moved:',
    'by gratuitous ARP (IPv4) or unsolicited neighbour advertisements (IPv6), see the arp_ parameters.',
    'Interface and prefix length come from the routing table where they are not given.',
    'Cluster IP (one address on several nodes at once) is refused.',
  ].join(' '),
  parameters,
  actions: [
    { name: 'start', timeoutSeconds: 20 },
    { name: 'stop', timeoutSeconds: 20 },
    { name: 'status', depth: 0, timeoutSeconds: 20, intervalSeconds: 10 },
    { name: 'monitor', depth: 0, timeoutSeconds: 20, intervalSeconds: 10 },
    { name: 'meta-data', timeoutSeconds: 5 },
    { name: 'validate-all', timeoutSeconds: 20 },
  ],
  operations: {
    start: withTarget(start),
    stop: withTarget(stop),
    monitor: withTarget(monitor),
    status: withTarget(status),
    'validate-all': withTarget(() => ocf.success),
  },
  unknownAction: withTarget(() => ocf.success),
  usage: usageText,
  background: {
    announce: (context, args) => announce(context, args, false),
    'announce-program': (context, args) => announce(context, args, true),
  },
  watch,
};
