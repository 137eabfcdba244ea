import type { Release } from '@sanode/runtime';
import { attr, type Element, withAttributes } from '@sanode/xml';
import { cibResult } from '../results.ts';
import { schemaNames, schemaProblemsWith } from '../schema/index.ts';
import { toTwo } from './to-2.0.ts';
import { DanglingReference, toThree, toThreeFolded } from './to-3.0/index.ts';
import { EndlessReference, toFour } from './to-4.0/index.ts';

/** What came of an upgrade. */
export interface UpgradeResult {
  /** 0, or one of cibResult's `corrupt`, `schemaValidation`, `transformFailed`. */
  readonly rc: number;
  /** The document in the schema reached; the one given when none newer was reached. */
  readonly cib: Element;
  /** Newest schema that `cib` conforms to; undefined: none that was tried. For what is not looked at, its own. */
  readonly schema: string | undefined;
  /** For whoever asked for the upgrade: what was changed, most with `WARNING: `, `INFO: ` or `DEBUG: ` in front. */
  readonly messages: readonly string[];
}

/** Settings of {@link upgradeCib}. */
export interface UpgradeOptions {
  /** Whose rules hold, and which schema is the newest. */
  readonly release: Pick<Release, 'name' | 'newestSchema'>;
  /** Newest schema wanted; absent or unknown: the release's newest. */
  readonly maximum?: string | undefined;
}

/** Whether a release knows a schema. */
export function isKnownSchema(schema: string, release: Pick<Release, 'newestSchema'>): boolean {
  const index = schemaNames.indexOf(schema);
  return index >= 0 && index <= schemaNames.indexOf(release.newestSchema);
}

/** Brings a document to the newest schema that it, as it is or transformed, conforms to (cib-schema.md 7.3, 7.4). */
export function upgradeCib(cib: Element, options: UpgradeOptions): UpgradeResult {
  const declared = attr(cib, 'validate-with');
  const older = options.release.name === '2.1';
  const newest = schemaNames.indexOf(options.release.newestSchema);
  const wanted = schemaNames.indexOf(options.maximum ?? '');
  const last = wanted < 1 || wanted > newest ? newest : wanted;
  const known = schemaNames.indexOf(older ? (declared ?? '').toLowerCase() : (declared ?? ''));
  if (declared === 'none' || known >= last) return { rc: 0, cib, schema: declared, messages: [] };
  if (known < 0 && !older) return { rc: cibResult.corrupt, cib, schema: declared, messages: [] };
  const messages: string[] = [];
  let document = cib;
  let best = -1;
  let rc: number = cibResult.schemaValidation;
  // The schema that the document is known to conform to; validating takes most of the time.
  let conforming = -1;
  for (let index = Math.max(known, 0); index <= last; index += 1) {
    if (index !== conforming && !isValid(document, index)) {
      if (best >= 0) break;
      rc = cibResult.schemaValidation;
      continue;
    }
    rc = 0;
    best = index;
    const transform = transformAfter(schemaNames[index] as string, older);
    if (index === last || transform === undefined) continue;
    if (isValid(document, index + 1)) {
      conforming = index + 1;
      continue;
    }
    const made = transform(document, (message) => messages.push(message));
    if (made !== undefined && isValid(made, index + 1)) {
      document = made;
      conforming = index + 1;
    } else rc = made !== undefined && older ? cibResult.schemaValidation : cibResult.transformFailed;
  }
  const schema = schemaNames[best];
  if (best <= known || schema === undefined) return { rc, cib, schema, messages };
  // Part of the way is a success too (seen with 3.0.3: 2.10 came to 3.10 where 4.0 could not be reached).
  return { rc: 0, cib: withAttributes(document, { 'validate-with': schema }), schema, messages };
}

/** Only the grammar counts: the root may name any schema. */
function isValid(cib: Element, index: number): boolean {
  const schema = schemaNames[index] as string;
  return schemaProblemsWith(withAttributes(cib, { 'validate-with': schema }), schema).length === 0;
}

type Transform = (cib: Element, tell: (message: string) => void) => Element | undefined;

function transformAfter(schema: string, older: boolean): Transform | undefined {
  switch (schema) {
    case 'pacemaker-1.3':
      return toTwo;
    case 'pacemaker-2.10':
      return (cib, tell) => guarded(toThree, cib, tell) ?? (older ? toThreeFolded(cib, tell) : undefined);
    case 'pacemaker-3.10':
      return (cib, tell) => guarded(toFour, cib, tell);
    default:
      return undefined;
  }
}

function guarded(
  transform: (cib: Element, tell: (message: string) => void) => Element,
  cib: Element,
  tell: (message: string) => void,
): Element | undefined {
  try {
    return transform(cib, tell);
  } catch (error) {
    if (error instanceof DanglingReference || error instanceof EndlessReference) return undefined;
    throw error;
  }
}
