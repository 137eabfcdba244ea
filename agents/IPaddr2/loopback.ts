import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AgentContext } from '@sanode/ocf';
import { isSameAddress, type Rtnetlink } from './rtnetlink.ts';
import { type NewAddress, scope } from './rtnetlink-codec.ts';
import { stateDirectory, type Target } from './settings.ts';

const loopbackPrefix = 32;

function stateFile(ip: string): string {
  return `${stateDirectory}/${ip}`;
}

async function loopbackAddress(network: Rtnetlink, target: Target): Promise<NewAddress | undefined> {
  const index = (await network.links()).find((link) => link.name === 'lo')?.index;
  if (index === undefined || target.address === undefined) return undefined;
  return { bytes: target.address.bytes, prefix: loopbackPrefix, index, scope: scope.universe };
}

/** lvs_support: takes the address from lo before it goes to its interface, and remembers to put it back. */
export async function leaveLoopback(context: AgentContext, network: Rtnetlink, target: Target): Promise<void> {
  const address = await loopbackAddress(network, target);
  if (address === undefined) return;
  const isThere = (await network.addresses()).some((entry) =>
    isSameAddress(entry, address.bytes, loopbackPrefix, address.index),
  );
  if (!isThere) return;
  context.log('info', 'Removing conflicting loopback lo.');
  mkdirSync(stateDirectory, { recursive: true, mode: 0o1755 });
  writeFileSync(stateFile(target.ip), `${target.ip} ${loopbackPrefix} 255.255.255.255 lo\n`);
  await network.deleteAddress(address);
}

/** lvs_support: puts the address back on lo after a stop. */
export async function enterLoopback(context: AgentContext, network: Rtnetlink, target: Target): Promise<void> {
  const file = stateFile(target.ip);
  let remembered: string;
  try {
    remembered = readFileSync(file, 'utf8').trim();
  } catch {
    return;
  }
  const address = remembered === '' ? undefined : await loopbackAddress(network, target);
  if (address === undefined) return;
  context.log('info', `Restoring loopback IP Address  ${remembered}.`);
  await network.addAddress({ ...address, broadcast: Buffer.alloc(4, 0xff) });
  rmSync(file, { force: true });
}
