import { closeSync, openSync, readSync } from 'node:fs';
import { paths } from './paths.ts';

/** A release of the reference that this node presents itself as (design.md "Which release we announce"). */
export interface Release {
  readonly name: '2.1' | '3.0';
  /** `crm_feature_set` in the CIB, in joins and in graphs. */
  readonly featureSet: string;
  /** Pacemaker version as tools print it. */
  readonly pacemakerVersion: string;
  /** Newest schema it knows: `validate-with` of a new CIB, and the upper bound of an upgrade. */
  readonly newestSchema: string;
}

export const releases: Readonly<Record<Release['name'], Release>> = {
  '2.1': { name: '2.1', featureSet: '3.16.1', pacemakerVersion: '2.1.5', newestSchema: 'pacemaker-3.9' },
  '3.0': { name: '3.0', featureSet: '3.20.5', pacemakerVersion: '3.0.2', newestSchema: 'pacemaker-4.0' },
};

/** A value of `SANODE_RELEASE` that is none of auto, 2.1 and 3.0. */
export class ReleaseError extends Error {
  readonly code = 'RELEASE_UNKNOWN';
}

let announced: Release | undefined;

/**
 * The release this node announces: `SANODE_RELEASE` (sysconfig: `2.1`, `3.0`, or `auto`, the default). `auto` goes by
 * the feature set in the CIB on this node's disk: up to 3.16.1 it is 2.1 (a newer joiner could not be led by those
 * peers), else, and with no CIB yet, 3.0. Decided once a process, so that a daemon never changes its mind.
 * @throws {ReleaseError}
 */
export function announcedRelease(): Release {
  announced ??= decideRelease(process.env['SANODE_RELEASE'], () => featureSetOnDisk(`${paths.cibDir}/cib.xml`));
  return announced;
}

/**
 * The rule behind {@link announcedRelease}.
 * @param configured value of the setting; undefined and empty mean `auto`
 * @param foundFeatureSet feature set of the cluster that this node belongs to, if it is known
 */
export function decideRelease(configured: string | undefined, foundFeatureSet: () => string | undefined): Release {
  if (configured === '2.1' || configured === '3.0') return releases[configured];
  if (configured !== undefined && configured !== '' && configured !== 'auto') {
    throw new ReleaseError(`SANODE_RELEASE is '${configured}'; it may be auto, 2.1 or 3.0`);
  }
  const found = foundFeatureSet();
  if (found === undefined) return releases['3.0'];
  return compareDottedVersions(found, releases['2.1'].featureSet) <= 0 ? releases['2.1'] : releases['3.0'];
}

/** Compares versions such as 3.16.1 number by number; a missing number counts as 0. Negative: `a` is older. */
export function compareDottedVersions(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (Number.parseInt(left[index] ?? '0', 10) || 0) - (Number.parseInt(right[index] ?? '0', 10) || 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

function featureSetOnDisk(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    const head = Buffer.alloc(8192);
    const size = readSync(descriptor, head, 0, head.length, 0);
    const root = /<cib\b[^>]*>/.exec(head.toString('utf8', 0, size))?.[0];
    return root === undefined ? undefined : /\scrm_feature_set=["']([\d.]+)["']/.exec(root)?.[1];
  } finally {
    closeSync(descriptor);
  }
}
