import { ensurePrograms } from '../../lab/src/requirements.ts';
import type { Family, Transport } from './conf.ts';
import type { NodeKind } from './ring.ts';

/** A ring that is tried. */
export interface Mix {
  readonly name: string;
  readonly transport: Transport;
  readonly family: Family;
  readonly kinds: readonly NodeKind[];
}

/** Kinds by node id. Each mix begins with ours or real, and the next one is of the other kind: both come to lead. */
const compositions: readonly (readonly [string, readonly NodeKind[]])[] = [
  ['1r2o', ['ours', 'real', 'ours']],
  ['2r1o', ['real', 'ours', 'real']],
  ['3r3o', ['ours', 'real', 'ours', 'real', 'ours', 'real']],
];

/** All mixes with addresses of this family: every composition over every transport that the family has. */
export function mixesOf(family: Family): readonly Mix[] {
  const transports: readonly Transport[] = family === 'ipv4' ? ['udpu', 'udp', 'broadcast'] : ['udpu', 'udp'];
  return transports.flatMap((transport) =>
    compositions.map(([name, kinds]) => ({ name: `${transport}-${name}`, transport, family, kinds })),
  );
}

/** Installs what the tests need. @throws {Error} naming the one command to run */
export function installInteropPrograms(): void {
  ensurePrograms([
    { program: 'corosync', debianPackage: 'corosync' },
    { program: 'nft', debianPackage: 'nftables' },
  ]);
}
