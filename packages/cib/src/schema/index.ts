import { attr, childElements, type Element, firstChild } from '@sanode/xml';
import { documentRule } from './document-rules.ts';
import type { Rule, RuleChoice } from './rule.ts';
import { isNcName, trim } from './types.ts';

/** Schemas by name, oldest first. */
export const schemaNames: readonly string[] = [
  ...['1.0', '1.2', '1.3'],
  ...Array.from({ length: 11 }, (_, minor) => `2.${minor}`),
  ...Array.from({ length: 11 }, (_, minor) => `3.${minor}`),
  '4.0',
].map((version) => `pacemaker-${version}`);

/** Problems told of one document; the first ones say it all. */
const maxProblems = 20;

const rules = new Map<string, Rule>();

function ruleFor(schema: string): Rule | undefined {
  const known = rules.get(schema);
  if (known !== undefined) return known;
  const match = /^pacemaker-(\d+)\.(\d+)$/.exec(schema);
  const version = match === null ? 0 : Number(match[1]) * 100 + Number(match[2]);
  if (!schemaNames.includes(schema) || version < 300) return undefined;
  const made = documentRule(version, [...schemaNames, 'none']);
  rules.set(schema, made);
  return made;
}

/**
 * Problems of a document by the schema that it names, in the words of cib-schema.md 8.4 (`Invalid attribute X for
 * element Y`); empty when it conforms. `none` is never checked; schemas older than 3.0 and unknown ones are refused,
 * as their grammar is not known here.
 * @param before document known to be valid, so that a configuration that both share needs no second look
 */
export function validateCib(cib: Element, before?: Element): string[] {
  const schema = attr(cib, 'validate-with');
  if (schema === 'none') return [];
  if (schema === undefined) return ['validate-with is missing'];
  const sameConfiguration =
    before !== undefined &&
    attr(before, 'validate-with') === schema &&
    firstChild(before, 'configuration') === firstChild(cib, 'configuration') &&
    firstChild(cib, 'configuration') !== undefined;
  return validateWith(cib, schema, sameConfiguration);
}

/** As {@link validateCib}, by a schema of the caller's choice. */
export function validateWith(cib: Element, schema: string, rootOnly = false): string[] {
  const rule = ruleFor(schema);
  if (rule === undefined) return [`schema ${schema} is not supported`];
  if (cib.name !== 'cib') return [`the document is a ${cib.name} and no cib`];
  const check = new Check(rootOnly);
  check.element(cib, rule);
  return check.finish();
}

class Check {
  readonly #rootOnly: boolean;
  readonly #problems: string[] = [];
  readonly #ids = new Set<string>();
  readonly #references: { id: string; where: string }[] = [];

  constructor(rootOnly: boolean) {
    this.#rootOnly = rootOnly;
  }

  finish(): string[] {
    for (const { id, where } of this.#references) {
      if (!this.#ids.has(id)) this.#problem(`${where} references an unknown ID "${id}"`);
    }
    return this.#problems.slice(0, maxProblems);
  }

  #problem(text: string): void {
    if (this.#problems.length < maxProblems) this.#problems.push(text);
  }

  element(node: Element, choice: RuleChoice): void {
    const rule = typeof choice === 'function' ? choice(node) : choice;
    this.#attributes(node, rule);
    if (node.name === 'status') return;
    this.#children(node, rule);
    const sentence = rule.check?.(node);
    if (sentence !== undefined) this.#problem(`Element ${describe(node)}: ${sentence}`);
  }

  #attributes(node: Element, rule: Rule): void {
    if (node.name === 'status') return;
    for (const name of Object.keys(rule.required ?? {})) {
      if (!node.attributes.has(name)) this.#problem(`Element ${describe(node)} lacks attribute ${name}`);
    }
    for (const [name, value] of node.attributes) {
      const type =
        (rule.required !== undefined && Object.hasOwn(rule.required, name) ? rule.required[name] : undefined) ??
        (rule.optional !== undefined && Object.hasOwn(rule.optional, name) ? rule.optional[name] : undefined);
      if (type === undefined) this.#problem(`Invalid attribute ${name} for element ${describe(node)}`);
      else if (type === 'ID') this.#id(node, name, value);
      else if (type === 'IDREF') this.#reference(node, name, value);
      else if (!type(value))
        this.#problem(`Attribute ${name} of element ${describe(node)} has the bad value '${value}'`);
    }
  }

  #id(node: Element, name: string, value: string): void {
    const id = trim(value);
    if (!isNcName(value)) this.#problem(`Type ID doesn't allow value '${value}' (${name} of ${node.name})`);
    else if (this.#ids.has(id)) this.#problem(`ID ${id} redefined`);
    this.#ids.add(id);
  }

  #reference(node: Element, name: string, value: string): void {
    if (!isNcName(value)) this.#problem(`Type IDREF doesn't allow value '${value}' (${name} of ${node.name})`);
    else this.#references.push({ id: trim(value), where: `IDREF attribute ${name} of ${node.name}` });
  }

  #children(node: Element, rule: Rule): void {
    const counts = new Map<string, number>();
    let lastPlace = 0;
    for (const child of childElements(node)) {
      const known = rule.children !== undefined && Object.hasOwn(rule.children, child.name);
      const spec = known ? rule.children?.[child.name] : undefined;
      if (spec === undefined) {
        this.#problem(`Did not expect element ${describe(child)} there (in ${node.name})`);
        continue;
      }
      counts.set(child.name, (counts.get(child.name) ?? 0) + 1);
      const place = rule.order?.indexOf(child.name) ?? 0;
      if (place < lastPlace) this.#problem(`Element ${describe(child)} is in the wrong place (in ${node.name})`);
      lastPlace = Math.max(lastPlace, place);
      if (!(this.#rootOnly && node.name === 'cib')) this.element(child, spec.rule);
    }
    for (const [name, { occurs }] of Object.entries(rule.children ?? {})) {
      const count = counts.get(name) ?? 0;
      if (count === 0 && (occurs === '1' || occurs === '+')) this.#problem(`Element ${describe(node)} lacks ${name}`);
      if (count > 1 && (occurs === '1' || occurs === '?'))
        this.#problem(`Element ${node.name} has extra content: ${name}`);
    }
  }
}

function describe(node: Element): string {
  const id = attr(node, 'id');
  return id === undefined ? node.name : `${node.name} (id ${id})`;
}
