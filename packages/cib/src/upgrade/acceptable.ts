import type { Release } from '@sanode/runtime';
import { attr, type Element } from '@sanode/xml';
import { schemaNames } from '../schema/names.ts';
import { upgradeCib } from './index.ts';

/** A document fit for the scheduler, or the sentences that say why it is not. */
export interface AcceptableCib {
  /** The document to use: the given one, or one upgraded in memory; undefined: the configuration can't be used. */
  readonly cib: Element | undefined;
  /** What the upgrade changed, for those who are asked to check. */
  readonly messages: readonly string[];
  /** Why it can't be used: the first for the log, the others advice. */
  readonly refusals: readonly string[];
  /** That it was upgraded, and for a newest-but-one schema that more could be done. */
  readonly note?: { readonly level: 'warning' | 'info'; readonly text: string };
}

/** The first schema of the newest series: what the scheduler wants at least. */
function minimumSchema(release: Pick<Release, 'newestSchema'>): string {
  return release.newestSchema.replace(/\d+$/, '0');
}

/** Upgrades a document in memory if its schema is older than what the scheduler knows (cib-schema.md 7.5, 8.1, 8.2). */
export function acceptableCib(cib: Element, release: Pick<Release, 'name' | 'newestSchema'>): AcceptableCib {
  const older = release.name === '2.1';
  const declared = attr(cib, 'validate-with');
  const minimum = minimumSchema(release);
  const fits = (schema: string | undefined): boolean =>
    schema !== undefined && schemaNames.indexOf(schema) >= schemaNames.indexOf(minimum);
  if (declared === 'none' || (older && declared === undefined) || fits(declared)) {
    return { cib, messages: [], refusals: [] };
  }
  const { rc, cib: upgraded, schema, messages } = upgradeCib(cib, { release });
  if (rc === 0 && fits(schema)) {
    const isNewest = schema === release.newestSchema;
    const what = older ? `Configuration with schema ${declared}` : `Configuration with ${declared} schema`;
    const text = isNewest
      ? `${what} was internally upgraded to latest version ${schema}`
      : `${what} was internally upgraded to acceptable (but not most recent) ${schema}`;
    return { cib: upgraded, messages, refusals: [], note: { level: isNewest ? 'info' : 'warning', text } };
  }
  const claim = older ? `claiming schema ${declared ?? '(none)'}` : `claiming ${declared ?? 'no'} schema`;
  const why =
    rc === 0
      ? `would not upgrade past ${schema}`
      : `does not validate with any schema from ${declared ?? '(none)'} to ${older ? release.newestSchema : 'the latest'}`;
  return {
    cib: undefined,
    messages,
    refusals: [
      `Cannot upgrade configuration (${claim}) to at least ${minimum} because it ${why}`,
      'The cluster will NOT be able to use this configuration.',
      `Please manually update the configuration to conform to the ${release.newestSchema} syntax.`,
    ],
  };
}
