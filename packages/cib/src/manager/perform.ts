import { compareDottedVersions, type Release } from '@sanode/runtime';
import { attr, type Element, firstChild, sameElement, withAttributes } from '@sanode/xml';
import { cibOption } from '../client/types.ts';
import { withoutText } from '../document/edit.ts';
import { cibVersion, compareCibVersions } from '../document/version.ts';
import {
  accessRefused,
  modifyingOperations,
  type OperationInput,
  type OperationResult,
  runOperation,
} from '../operations/index.ts';
import { createPatchset, isEmptyPatchset } from '../patchset/create.ts';
import { cibResult } from '../results.ts';
import { validateCib } from '../schema/index.ts';
import { isKnownSchema, upgradeCib } from '../upgrade/index.ts';

/** One request, as every replica carries it out; the same input gives the same document everywhere. */
export interface PerformInput extends OperationInput {
  /** Node that accepted the request. */
  readonly origin: string | undefined;
  readonly clientName: string | undefined;
  readonly user: string | undefined;
  /** The schema that an upgrade goes to; absent: the newest of the release. */
  readonly schemaMaximum?: string | undefined;
}

/** What does not come from the request. */
export interface PerformSettings {
  /** Feature set of this node: a newer document is refused. */
  readonly featureSet: string;
  /** Release whose schemas and rules for upgrades hold. */
  readonly release: Pick<Release, 'name' | 'newestSchema'>;
  /** Wall-clock time, ms since 1970, for `cib-last-written` (which is in no digest). */
  readonly nowMs: number;
}

/** Outcome of a request. `cib` is the document to keep: the one before when it failed, changed nothing or was dry. */
export interface PerformResult {
  readonly rc: number;
  readonly cib: Element;
  readonly output: Element | undefined;
  /** The patchset, when there was a change (kept or not). */
  readonly diff: Element | undefined;
  /** A new document is in force. */
  readonly changed: boolean;
  /** It must be written to disk. */
  readonly mustPersist: boolean;
  /** What does not conform to the schema, when that is why it was refused. */
  readonly problems?: readonly string[];
  /** What an upgrade changed (cib-schema.md 9). */
  readonly upgradeMessages?: readonly string[];
}

/** Carries out one request with all rules for versions, traces and validation (cib.md 3.7, 3.8). */
export function performRequest(cib: Element, input: PerformInput, settings: PerformSettings): PerformResult {
  const refuse = (rc: number, output?: Element, diff?: Element): PerformResult => ({
    rc,
    cib,
    output,
    diff,
    changed: false,
    mustPersist: false,
  });
  if (accessRefused(cib, input.user)) return refuse(cibResult.accessDenied);
  // The document never holds text nodes, so it is enough to look at what comes in (rule 4).
  const data = input.data === undefined ? undefined : withoutText(input.data);
  const upgrade = input.operation === 'cib_upgrade' ? upgradeOperation(cib, input, settings.release) : undefined;
  const made = upgrade ?? runOperation(cib, { ...input, data });
  if (made.rc !== 0 || !modifyingOperations.has(input.operation)) return refuse(made.rc, made.output);
  if (compareDottedVersions(attr(made.cib, 'crm_feature_set') ?? '0', settings.featureSet) > 0) {
    return refuse(cibResult.protocolNotSupported);
  }
  if (epochWentBack(cib, made.cib)) return refuse(cibResult.oldData);
  if (made.forceChange !== true && isUnchanged(cib, made.cib)) return refuse(0, made.output);
  const configurationChanged = isConfigurationChanged(cib, made.cib);
  const versioned = input.fullCopy ? made.cib : nextVersion(made.cib, configurationChanged);
  const diff = createPatchset(cib, versioned);
  const traced =
    configurationChanged && (input.options & cibOption.noMtime) === 0
      ? withTraces(versioned, input, settings)
      : versioned;
  if (input.section !== 'status') {
    const problems = validateCib(traced, cib);
    if (problems.length > 0) return { ...refuse(cibResult.schemaValidation, traced, diff), problems };
  }
  if ((input.options & cibOption.dryRun) !== 0) return refuse(0, made.output);
  return {
    rc: 0,
    cib: traced,
    output: made.output,
    diff: isEmptyPatchset(diff) ? undefined : diff,
    changed: true,
    ...(upgrade === undefined ? {} : { upgradeMessages: upgrade.messages }),
    mustPersist: configurationChanged || input.operation === 'cib_replace' || input.operation === 'cib_upgrade',
  };
}

/** Upgrade to another schema, as a new generation of the document (cib.md 3.10). */
function upgradeOperation(
  cib: Element,
  input: PerformInput,
  release: PerformSettings['release'],
): OperationResult & { readonly messages: readonly string[] } {
  const maximum = input.schemaMaximum;
  if (maximum !== undefined && !isKnownSchema(maximum, release)) {
    return { rc: cibResult.schemaValidation, cib, messages: [] };
  }
  const upgraded = upgradeCib(cib, { release, maximum });
  if (upgraded.rc !== 0 || upgraded.cib === cib) return { rc: upgraded.rc, cib, messages: upgraded.messages };
  const generation = cibVersion(cib).adminEpoch + 1;
  const made = withAttributes(upgraded.cib, { admin_epoch: generation, epoch: 1, num_updates: 1 });
  return { rc: 0, cib: made, messages: upgraded.messages };
}

function epochWentBack(before: Element, after: Element): boolean {
  const old = cibVersion(before);
  return compareCibVersions({ ...cibVersion(after), numUpdates: 0 }, { ...old, numUpdates: 0 }) < 0;
}

/** Order of attributes alone is no change. */
function isUnchanged(before: Element, after: Element): boolean {
  return before === after || sameElement(before, after, { attributeOrder: false });
}

function isConfigurationChanged(before: Element, after: Element): boolean {
  const old = firstChild(before, 'configuration');
  const now = firstChild(after, 'configuration');
  if (old === now) return false;
  if (old === undefined || now === undefined) return true;
  return !sameElement(old, now, { attributeOrder: false });
}

function nextVersion(cib: Element, configurationChanged: boolean): Element {
  const version = cibVersion(cib);
  if (configurationChanged) return withAttributes(cib, { epoch: version.epoch + 1, num_updates: 0 });
  return withAttributes(cib, { num_updates: version.numUpdates + 1 });
}

function withTraces(cib: Element, input: PerformInput, settings: PerformSettings): Element {
  const written = { 'cib-last-written': localTimeText(settings.nowMs) };
  const schema = /^pacemaker-(\d+\.\d+)$/.exec(attr(cib, 'validate-with') ?? '')?.[1];
  if (schema !== undefined && compareDottedVersions(schema, '1.2') < 0) return withAttributes(cib, written);
  return withAttributes(cib, {
    ...written,
    'update-origin': input.origin,
    'update-client': input.clientName,
    'update-user': input.user,
  });
}

const weekDays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Local time as ctime(3) writes it, without its line end: `Sun Nov 22 08:43:16 2026`. @param ms since 1970 */
export function localTimeText(ms: number): string {
  const time = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = String(time.getDate()).padStart(2, ' ');
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${weekDays[time.getDay()]} ${months[time.getMonth()]} ${day} ${clock} ${time.getFullYear()}`;
}
