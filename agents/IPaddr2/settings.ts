import { existsSync } from 'node:fs';
import { type AgentContext, isDecimal, type OcfCode, ocf } from '@sanode/ocf';
import { formatAddress, hostBits, type IpAddress, parseAddress, parseForLookup, prefixOfNetmask } from './address.ts';
import { findInterface, type NetworkView, parameterProblem, type Wanted } from './find-interface.ts';
import type { Rtnetlink } from './rtnetlink.ts';
import { family, type LinkEntry } from './rtnetlink-codec.ts';

/** What an operation works on, found and checked. */
export interface Target {
  readonly ip: string;
  readonly address: IpAddress | undefined;
  readonly nic: string;
  /** The interface; undefined if the kernel has none of this name. */
  readonly link: LinkEntry | undefined;
  readonly prefix: number;
  readonly broadcast: Buffer | undefined;
  readonly label: string;
}

/** Either the operation can go on, or it ends with this code. */
export type Checked<T> = { readonly target: T } | { readonly code: OcfCode };

/** Folder of agents' state files. */
export const stateDirectory = '/run/resource-agents';
const maxLabelLength = 15;
const arpSenders: ReadonlyMap<string, string> = new Map([
  ['send_arp', ''],
  ['iputils_arping', 'arping'],
  ['libnet_arping', 'arping'],
  ['ipoibarping', 'ipoibarping'],
]);

function refuse(context: AgentContext, reason: string, code: OcfCode): { code: OcfCode } {
  context.exitReason(reason);
  return { code };
}

/** Checks of every action before the network is looked at (ocf-agents.md 2.2, steps 3 to 6). */
export function checkParameters(context: AgentContext): { code: OcfCode } | undefined {
  const ip = context.param('ip');
  if (ip === '' && context.action !== 'stop') {
    return refuse(context, 'IP address (the ip parameter) is mandatory', ocf.configured);
  }
  if ((context.action === 'start' || context.action === 'stop') && process.getuid?.() !== 0) {
    return refuse(context, `You must be root for ${context.action} operation.`, ocf.permission);
  }
  const cloneMax = context.meta('clone_max');
  if (cloneMax !== undefined && !/^[1-9][0-9]*$/.test(cloneMax)) {
    const reason = `Invalid meta-attribute clone_max [${cloneMax}], should be positive integer`;
    return refuse(context, reason, ocf.configured);
  }
  const isLoadSharing = Number(cloneMax ?? '1') > 1;
  if (context.flag('lvs_support') && isLoadSharing) {
    return refuse(context, 'LVS and load sharing do not go together well', ocf.configured);
  }
  return ip.includes(':') ? checkIpv6(context) : checkIpv4(context);
}

function checkIpv4(context: AgentContext): { code: OcfCode } | undefined {
  if (!context.flag('lvs_ipv6_addrlabel')) return undefined;
  return refuse(context, 'IPv4 does not support lvs_ipv6_addrlabel', ocf.configured);
}

function checkIpv6(context: AgentContext): { code: OcfCode } | undefined {
  if (context.flag('lvs_support')) return refuse(context, 'The IPv6 does not support lvs_support', ocf.configured);
  const value = context.param('lvs_ipv6_addrlabel_value');
  if (!context.flag('lvs_ipv6_addrlabel') || isDecimal(value)) return undefined;
  return refuse(context, `Invalid lvs_ipv6_addrlabel_value [${value}], should be positive integer`, ocf.configured);
}

/** Looks the interface up and checks the rest (steps 7 to 12). A failed lookup: probe 7, stop 0, else its code. */
export async function findTarget(context: AgentContext, network: Rtnetlink): Promise<Checked<Target>> {
  const ip = effectiveIp(context);
  const address = parseAddress(ip);
  const [nic = '', nicLabel] = splitNic(context.param('nic'));
  const wanted: Wanted = { ip, nic, prefix: prefixText(context), broadcast: context.param('broadcast') };
  const view: NetworkView = {
    links: await network.links(),
    addresses: await network.addresses(),
    routes: await network.routes(ip.includes(':') ? family.inet6 : family.inet),
  };
  const isStrict = context.action === 'start' || context.action === 'validate-all';
  const problem = isStrict ? parameterProblem(wanted, view.links) : undefined;
  const found =
    problem === undefined
      ? findInterface(wanted, parseForLookup(ip), view)
      : { code: ocf.configured as number, problem };
  if ('problem' in found) return lookupFailed(context, found.problem, found.code);
  const label = nicLabel ?? context.param('iflabel');
  const target: Target = {
    ip: address === undefined ? ip : formatAddress(address.bytes),
    address,
    nic: found.nic,
    link: view.links.find((link) => link.name === found.nic),
    prefix: found.prefix,
    broadcast:
      found.broadcast === '+' || found.broadcast === '-'
        ? hostBits(address?.bytes ?? Buffer.alloc(4), found.prefix, found.broadcast === '+')
        : found.broadcast,
    label: label === '' ? '' : `${found.nic}:${label}`,
  };
  // A stop never fails for a cosmetic parameter: that would have the node fenced (ocf-agents.md 2.2).
  const refusal = context.action === 'stop' ? undefined : checkRest(context, target);
  return refusal ?? { target };
}

function lookupFailed(context: AgentContext, problem: string, code: OcfCode): { code: OcfCode } {
  if (context.isProbe) {
    context.log('info', '[findif] failed');
    return { code: ocf.notRunning };
  }
  context.log(context.action === 'stop' ? 'warn' : 'err', problem);
  if (context.action === 'stop') {
    context.log('warn', '[findif] failed');
    return { code: ocf.success };
  }
  return refuse(context, '[findif] failed', code);
}

/** `ip`, or for unique clone addresses the instance's: plain addition in the last octet, no carry. */
function effectiveIp(context: AgentContext): string {
  const ip = context.param('ip');
  if (!context.flag('unique_clone_address') || ip.includes(':')) return ip;
  const at = ip.lastIndexOf('.');
  return `${ip.slice(0, at)}.${Number(ip.slice(at + 1)) + Number(context.meta('clone') ?? '0')}`;
}

function splitNic(nic: string): [string, string | undefined] {
  const at = nic.indexOf(':');
  return at < 0 ? [nic, undefined] : [nic.slice(0, at), nic.slice(at + 1)];
}

function prefixText(context: AgentContext): string {
  const text = context.param('cidr_netmask') || (context.env['OCF_RESKEY_netmask'] ?? '');
  if (!/^[0-9]+(\.[0-9]+){3}$/.test(text)) return text;
  const prefix = prefixOfNetmask(text);
  if (prefix === undefined) {
    context.log('err', `Bogus netmask: ${text}`);
    return text;
  }
  context.log('warn', `Please convert dotted quad netmask ${text} to CIDR notation ${prefix}!`);
  return String(prefix);
}

function checkRest(context: AgentContext, target: Target): { code: OcfCode } | undefined {
  if (target.label.length > maxLabelLength) {
    const reason = `Interface label [${target.label}] exceeds maximum character limit of ${maxLabelLength}`;
    return refuse(context, reason, ocf.configured);
  }
  const sender = context.param('arp_sender');
  const program = arpSenders.get(sender);
  if (sender !== '' && program === undefined) {
    return refuse(context, `unrecognized arp_sender value: ${sender}`, ocf.configured);
  }
  if (program !== undefined && program !== '' && findProgram(program, context.env['PATH']) === undefined) {
    return refuse(context, `Setup problem: couldn't find command: ${program}`, ocf.installed);
  }
  if (context.flag('unique_clone_address') && context.meta('globally_unique') !== 'true') {
    const reason = 'unique_clone_address makes sense only with meta globally_unique set';
    return refuse(context, reason, ocf.configured);
  }
  for (const name of ['arp_interval', 'arp_count']) {
    const value = context.param(name);
    if (!isDecimal(value) || Number(value) === 0) {
      return refuse(context, `Invalid OCF_RESKEY_${name} [${value}]`, ocf.configured);
    }
  }
  if (context.param('preferred_lft') !== '') return undefined;
  return refuse(context, 'Empty value is invalid for OCF_RESKEY_preferred_lft', ocf.configured);
}

/** Path of a program in PATH or the system's folders. */
export function findProgram(name: string, path: string | undefined): string | undefined {
  const folders = `${path ?? ''}:/sbin:/bin:/usr/sbin:/usr/bin`.split(':').filter((folder) => folder.startsWith('/'));
  return folders.map((folder) => `${folder}/${name}`).find((file) => existsSync(file));
}
