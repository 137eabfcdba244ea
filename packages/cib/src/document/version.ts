import type { Release } from '@sanode/runtime';
import { attr, type Element, element } from '@sanode/xml';

/** The version of a CIB: compared number by number in this order (cib.md 2). */
export interface CibVersion {
  readonly adminEpoch: number;
  readonly epoch: number;
  readonly numUpdates: number;
}

/** Version of a document (or of a `source`/`target`/`generation_tuple` element); what is missing or no number is 0. */
export function cibVersion(node: Element): CibVersion {
  return {
    adminEpoch: counter(node, 'admin_epoch'),
    epoch: counter(node, 'epoch'),
    numUpdates: counter(node, 'num_updates'),
  };
}

function counter(node: Element, name: string): number {
  const value = Number.parseInt(attr(node, name) ?? '0', 10);
  return Number.isNaN(value) ? 0 : value;
}

/** Negative: `a` is older; 0: the same; positive: `a` is newer. */
export function compareCibVersions(a: CibVersion, b: CibVersion): number {
  return Math.sign(a.adminEpoch - b.adminEpoch || a.epoch - b.epoch || a.numUpdates - b.numUpdates);
}

/** A version as logs and tools write it: `admin_epoch.epoch.num_updates`. */
export function formatCibVersion(version: CibVersion): string {
  return `${version.adminEpoch}.${version.epoch}.${version.numUpdates}`;
}

/** A new document with no content (cib.md 2). */
export function emptyCib(release: Release): Element {
  return element(
    'cib',
    {
      crm_feature_set: release.featureSet,
      'validate-with': release.newestSchema,
      epoch: 0,
      num_updates: 0,
      admin_epoch: 0,
    },
    [emptyConfiguration(), element('status')],
  );
}

/** `<configuration>` of a new document. */
export function emptyConfiguration(): Element {
  return element('configuration', {}, [
    element('crm_config'),
    element('nodes'),
    element('resources'),
    element('constraints'),
  ]);
}
