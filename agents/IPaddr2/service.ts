import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AgentContext, isOcfTrue, type OcfCode, ocf } from '@sanode/ocf';
import { announceByProgram, announceIpv4, announceIpv6, endAnnouncements, isAddressTaken } from './announce.ts';
import { waitForDad } from './dad.ts';
import { enterLoopback, leaveLoopback } from './loopback.ts';
import { isSameAddress, NetlinkError, type Rtnetlink } from './rtnetlink.ts';
import { addressFlag, type NewAddress, scope } from './rtnetlink-codec.ts';
import { stateDirectory, type Target } from './settings.ts';

/** Whether the address with its prefix is on the chosen interface (ocf-agents.md 2.4). */
export async function isServed(network: Rtnetlink, target: Target): Promise<boolean> {
  const { address, link } = target;
  if (address === undefined || link === undefined) return false;
  return (await network.addresses()).some((entry) => isSameAddress(entry, address.bytes, target.prefix, link.index));
}

/** start (ocf-agents.md 2.5). */
export async function start(context: AgentContext, network: Rtnetlink, target: Target): Promise<OcfCode> {
  const { address, link } = target;
  if (await isServed(network, target)) return ocf.success;
  const failed = (): OcfCode => {
    context.exitReason(`Failed to add ${target.ip}`);
    return ocf.generic;
  };
  if (address === undefined || link === undefined) return failed();
  const isIpv4 = address.family === 'inet';
  if (isIpv4 && context.flag('lvs_support')) await leaveLoopback(context, network, target);
  if (isIpv4 && context.flag('run_arping') && (await isAddressTaken(context, target))) {
    context.log('err', `IPv4 address collision ${target.ip} [DAD]`);
    return failed();
  }
  if (!isIpv4 && context.flag('lvs_ipv6_addrlabel')) await addLabel(context, network, address.bytes, target.ip);
  try {
    context.log('info', addMessage(context, target, isIpv4));
    await network.addAddress(newAddress(context, target, address.bytes, link.index));
    context.log('info', `Bringing device ${target.nic} up`);
    await network.setLinkUp(link.index);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    context.log('err', error.message);
    return failed();
  }
  if (isIpv4) keepSecondaries(context, target.nic);
  if (target.nic.startsWith('lo')) return ocf.success;
  return isIpv4 ? await announceV4(context, target) : await announceV6(context, network, target);
}

function newAddress(context: AgentContext, target: Target, bytes: Buffer, index: number): NewAddress {
  const isIpv4 = bytes.length === 4;
  let flags = 0;
  if (!isIpv4 && context.flag('nodad')) flags |= addressFlag.noDad;
  if (context.flag('noprefixroute')) flags |= addressFlag.noPrefixRoute;
  const preferred = context.param('preferred_lft');
  return {
    bytes,
    prefix: target.prefix,
    index,
    scope: isIpv4 && bytes[0] === 127 ? scope.host : scope.universe,
    broadcast: target.broadcast,
    label: isIpv4 && target.label !== '' ? target.label : undefined,
    flags,
    preferredSeconds: isIpv4 || !/^[0-9]+$/.test(preferred) ? undefined : Number(preferred),
  };
}

function addMessage(context: AgentContext, target: Target, isIpv4: boolean): string {
  const options = [
    !isIpv4 && context.flag('nodad') ? 'nodad' : '',
    context.flag('noprefixroute') ? 'noprefixroute' : '',
    target.label === '' ? '' : `label ${target.label}`,
    isIpv4 ? '' : `preferred_lft ${context.param('preferred_lft')}`,
  ].filter(Boolean);
  const broadcast = target.broadcast === undefined ? '' : ` with broadcast address ${[...target.broadcast].join('.')}`;
  const suffix = options.length === 0 ? '' : ` (with ${options.join(' ')})`;
  const what = `${isIpv4 ? 'inet' : 'inet6'} address ${target.ip}/${target.prefix}`;
  return `Adding ${what}${broadcast} to device ${target.nic}${suffix}`;
}

async function addLabel(context: AgentContext, network: Rtnetlink, bytes: Buffer, ip: string): Promise<void> {
  const value = context.param('lvs_ipv6_addrlabel_value');
  context.log('info', `Adding IPv6 address label prefix ${ip} label ${value}`);
  try {
    await network.addAddressLabel(bytes, Number(value));
  } catch (error) {
    context.log('warn', (error as Error).message);
  }
}

/**
 * Lets the kernel keep the other addresses of a network when the first one goes: without it, removing the static
 * address takes ours along, and after that stopping ours takes the static one (ocf-agents.md 8.3).
 */
function keepSecondaries(context: AgentContext, nic: string): void {
  const file = (name: string): string => `/proc/sys/net/ipv4/conf/${name}/promote_secondaries`;
  try {
    if ([nic, 'all'].some((name) => readFileSync(file(name), 'utf8').trim() === '1')) return;
    writeFileSync(file(nic), '1');
    context.log(
      'info',
      `Set net.ipv4.conf.${nic}.promote_secondaries=1 so that other addresses' removal does not take ours`,
    );
  } catch {
    context.log('debug', `net.ipv4.conf.${nic}.promote_secondaries could not be set`);
  }
}

async function announceV4(context: AgentContext, target: Target): Promise<OcfCode> {
  const sender = context.param('arp_sender');
  const count = context.param('arp_count');
  const isBuiltIn = sender === '' || sender === 'send_arp';
  if (isBuiltIn) {
    const call = `-i ${context.param('arp_interval')} -r ${count} ${target.nic} ${target.ip}`;
    context.log('info', `send_arp ${call}`);
    if (context.param('send_arp_opts') !== '') context.log('warn', 'send_arp_opts is for arp_sender programs; ignored');
  }
  const inBackground = context.param('arp_bg') === '' || isOcfTrue(context.param('arp_bg'));
  if (inBackground) context.background(isBuiltIn ? 'announce' : 'announce-program', [count]);
  else if (isBuiltIn) await announceIpv4(context, target, Number(count), Number(context.param('arp_interval')));
  else await announceByProgram(context, target, Number(count));
  return ocf.success;
}

async function announceV6(context: AgentContext, network: Rtnetlink, target: Target): Promise<OcfCode> {
  if (isOcfTrue(context.param('arp_bg'))) {
    context.background('announce', [context.param('arp_count')]);
    return ocf.success;
  }
  if (await settleIpv6(context, network, target)) return ocf.success;
  context.exitReason('run_send_ua failed.');
  return ocf.generic;
}

/** Waits for duplicate address detection, then advertises. False when the address is someone else's, or on failure. */
export async function settleIpv6(context: AgentContext, network: Rtnetlink, target: Target): Promise<boolean> {
  const { address, link } = target;
  if (address === undefined || link === undefined) return false;
  const verdict = await waitForDad(target);
  if (verdict === 'failed') {
    context.log('err', `IPv6 address collision ${target.ip} [DAD]`);
    await removeAddress(network, target).catch(() => {});
    return false;
  }
  if (verdict === 'tentative') context.log('warn', 'IPv6 address : DAD is still in tentative');
  context.log(
    'info',
    `send_ua -i ${context.param('arp_interval')} -c ${context.param('arp_count')} ${target.ip} ${target.nic}`,
  );
  try {
    await announceIpv6(context, target, Number(context.param('arp_count')), Number(context.param('arp_interval')));
    // The reference waits an interval after each packet, the last included; nothing depends on that wait.
    return true;
  } catch (error) {
    context.log('err', (error as Error).message);
    return false;
  }
}

async function removeAddress(network: Rtnetlink, target: Target): Promise<void> {
  const { address, link } = target;
  if (address === undefined || link === undefined) return;
  await network.deleteAddress({
    bytes: address.bytes,
    prefix: target.prefix,
    index: link.index,
    scope: scope.universe,
  });
}

/** stop (ocf-agents.md 2.9). */
export async function stop(context: AgentContext, network: Rtnetlink, target: Target): Promise<OcfCode> {
  // What is no address was never added, and is no name for a file either.
  if (target.address === undefined) return ocf.success;
  const announced = endAnnouncements(target.ip);
  if (announced || endSendArp(target.ip)) context.log('info', `killed previously running send_arp for ${target.ip}`);
  const served = await isServed(network, target);
  context.log('info', `IP status = ${served ? 'ok' : 'no'}, IP_CIP=`);
  if (!served) return ocf.success;
  try {
    await removeAddress(network, target);
  } catch (error) {
    context.log('err', (error as Error).message);
    context.exitReason(`Unable to remove IP [${target.ip} from interface [ ${target.nic} ]`);
    return ocf.generic;
  }
  if (context.flag('flush_routes')) await context.run('ip', ['route', 'flush', 'cache']);
  if (target.address.family === 'inet6') {
    const label = Number(context.param('lvs_ipv6_addrlabel_value'));
    if (context.flag('lvs_ipv6_addrlabel'))
      await network.deleteAddressLabel(target.address.bytes, label).catch(() => {});
  } else if (context.flag('lvs_support')) await enterLoopback(context, network, target);
  return ocf.success;
}

/** Ends a send_arp program that a shell agent left running. */
function endSendArp(ip: string): boolean {
  const file = `${stateDirectory}/send_arp-${ip}`;
  try {
    const pid = Number(readFileSync(file, 'utf8').trim());
    rmSync(file, { force: true });
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('send_arp')) return false;
    process.kill(pid, 'SIGTERM');
    return true;
  } catch {
    return false;
  }
}

/** monitor (ocf-agents.md 2.10). */
export async function monitor(context: AgentContext, network: Rtnetlink, target: Target): Promise<OcfCode> {
  if (target.link === undefined) context.printError(`Device "${target.nic}" does not exist.`);
  if (!(await isServed(network, target))) return ocf.notRunning;
  const refresh = Number(context.param('arp_count_refresh'));
  if (refresh > 0 && target.address?.family === 'inet' && !context.isProbe) {
    context.background('announce', [String(refresh)]);
  }
  return ocf.success;
}

/** status: for people. */
export async function status(context: AgentContext, network: Rtnetlink, target: Target): Promise<OcfCode> {
  const served = await isServed(network, target);
  context.print(served ? 'running' : 'stopped');
  return served ? ocf.success : ocf.notRunning;
}
