import { attr, type Element, firstChild } from '@sanode/xml';
import { Check, type SchemaProblem } from './check.ts';
import { documentRule } from './document-rules.ts';
import { schemaNames, schemaNumber } from './names.ts';
import type { ElementRule } from './rule.ts';

export type { SchemaProblem } from './check.ts';
export { schemaNames } from './names.ts';

const rules = new Map<string, ElementRule>();

/** The rule of a schema; undefined for what is no schema. */
export function schemaRule(schema: string): ElementRule | undefined {
  const known = rules.get(schema);
  if (known !== undefined) return known;
  const version = schemaNumber(schema);
  if (version === undefined) return undefined;
  const made = documentRule(version, [...schemaNames, 'none']);
  rules.set(schema, made);
  return made;
}

/**
 * Problems of a document by the schema that it names, in words near those of cib-schema.md 8.4; empty when it conforms.
 * `none` is never checked, what is no schema refused.
 * @param before document known to be valid, so that a configuration that both share needs no second look
 */
export function schemaProblems(cib: Element, before?: Element): SchemaProblem[] {
  const schema = attr(cib, 'validate-with');
  if (schema === 'none') return [];
  if (schema === undefined) {
    return [
      { node: cib, text: 'Cannot validate CIB with missing validate-with (manually edit to use a known schema)' },
    ];
  }
  const sameConfiguration =
    before !== undefined &&
    attr(before, 'validate-with') === schema &&
    firstChild(before, 'configuration') === firstChild(cib, 'configuration') &&
    firstChild(cib, 'configuration') !== undefined;
  return schemaProblemsWith(cib, schema, sameConfiguration);
}

/** As {@link schemaProblems}, by a schema of the caller's choice. */
export function schemaProblemsWith(cib: Element, schema: string, rootOnly = false): SchemaProblem[] {
  const rule = schemaRule(schema);
  if (rule === undefined) {
    return [
      { node: cib, text: 'Cannot validate CIB with unknown validate-with (manually edit to use a known schema)' },
    ];
  }
  if (cib.name !== 'cib') return [{ node: cib, text: `Expecting element cib, got ${cib.name}` }];
  const check = new Check(rootOnly);
  check.element(cib, rule);
  return check.finish();
}

/** The sentences of {@link schemaProblems}. */
export function validateCib(cib: Element, before?: Element): string[] {
  return schemaProblems(cib, before).map(({ text }) => text);
}
