import type { AgentContext, Watch, WatchContext } from '@sanode/ocf';
import { announceIpv4 } from './announce.ts';
import { isSameAddress, Rtnetlink } from './rtnetlink.ts';
import { isServed } from './service.ts';
import { findTarget, type Target } from './settings.ts';

/** A network manager may delete an address and add it again at once: look again after this. */
const settleMs = 50;

/**
 * Watches the address by netlink (ocf-agents.md 8.3). Gone for good: reported. Deleted and added again: announced anew,
 * as neighbours may have learned something else.
 */
export async function watch(context: WatchContext): Promise<Watch> {
  if (context.param('network_namespace') !== '') {
    throw new Error('an address in another network namespace is polled, not watched');
  }
  const network = await Rtnetlink.open('addresses');
  const found = await findTarget(monitorContext(context), network);
  if (!('target' in found) || found.target.link === undefined || found.target.address === undefined) {
    context.report('the interface of the address was not found');
    return { close: () => network.close() };
  }
  const { target } = found;
  return watchTarget(context, network, target, found.target.address.bytes, found.target.link.index);
}

async function watchTarget(
  context: WatchContext,
  network: Rtnetlink,
  target: Target,
  bytes: Buffer,
  index: number,
): Promise<Watch> {
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const check = async (): Promise<void> => {
    timer = undefined;
    const served = await isServed(network, target);
    if (closed) return;
    if (!served) {
      context.report(`address ${target.ip}/${target.prefix} was removed from ${target.nic}`);
      return;
    }
    context.log('warn', `address ${target.ip} was removed from ${target.nic} and added again; announcing it`);
    if (target.address?.family !== 'inet') return;
    const count = Number(context.param('arp_count'));
    await announceIpv4({ sleep, log: context.log }, target, count, Number(context.param('arp_interval')));
  };
  network.onAddress(
    (gone, entry) => {
      if (!gone || closed || timer !== undefined || !isSameAddress(entry, bytes, target.prefix, index)) return;
      timer = setTimeout(() => void check().catch((error: Error) => context.lost(error.message)), settleMs);
    },
    (reason) => {
      if (!closed) context.lost(`netlink: ${reason}`);
    },
  );
  network.ref();
  // Armed first, then looked once: nothing falls between.
  if (!(await isServed(network, target))) context.report(`address ${target.ip} is not on ${target.nic}`);
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      network.close();
    },
  };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A context for looking the interface up as a monitor does, without output. */
function monitorContext(context: WatchContext): AgentContext {
  const refuse = (): never => {
    throw new Error('a watch starts nothing');
  };
  return {
    ...context,
    action: 'monitor',
    checkLevel: 0,
    isProbe: false,
    exitReason: () => {},
    print: () => {},
    printError: () => {},
    run: refuse,
    sleep,
    background: refuse,
    rerun: refuse,
  };
}
