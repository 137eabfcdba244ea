import { ensurePrograms } from '../../lab/src/requirements.ts';
import type { NodeKind, Transport } from './ring.ts';

/** A ring that is tried. */
export interface Mix {
  readonly name: string;
  readonly transport: Transport;
  readonly kinds: readonly NodeKind[];
}

/** Kinds by node id. Each mix begins with ours or real, and the next one is of the other kind: both come to lead. */
const compositions: readonly (readonly [string, readonly NodeKind[]])[] = [
  ['1r2o', ['ours', 'real', 'ours']],
  ['2r1o', ['real', 'ours', 'real']],
  ['3r3o', ['ours', 'real', 'ours', 'real', 'ours', 'real']],
];

export const mixes: readonly Mix[] = (['udpu', 'udp'] as const).flatMap((transport) =>
  compositions.map(([name, kinds]) => ({ name: `${transport}-${name}`, transport, kinds })),
);

/** Installs what the tests need. @throws {Error} naming the one command to run */
export function installInteropPrograms(): void {
  ensurePrograms([
    { program: 'corosync', debianPackage: 'corosync' },
    { program: 'nft', debianPackage: 'nftables' },
  ]);
}
