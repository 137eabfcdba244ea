import { attr, childElements, type Element } from '@sanode/xml';
import { type Content, type ElementRule, type Variant, variantsOf } from './rule.ts';
import { type DataType, ID, IDREF, trim } from './types.ts';

/** What is wrong, and at which element. */
export interface SchemaProblem {
  readonly node: Element;
  readonly text: string;
}

/** Problems told of one document; the first ones say it all. */
const maxProblems = 20;

/** Compares a document with its rule. Ids and references are looked at in `finish`, when all are known. */
export class Check {
  readonly #rootOnly: boolean;
  readonly #problems: SchemaProblem[] = [];
  readonly #ids = new Set<string>();
  readonly #references: { node: Element; name: string; id: string }[] = [];

  /** @param rootOnly whether the children of the root are known to be valid */
  constructor(rootOnly: boolean) {
    this.#rootOnly = rootOnly;
  }

  finish(): SchemaProblem[] {
    for (const { node, name, id } of this.#references) {
      if (!this.#ids.has(id)) this.#problem(node, `IDREF attribute ${name} references an unknown ID "${id}"`);
    }
    return this.#problems;
  }

  #problem(node: Element, text: string): void {
    if (this.#problems.length < maxProblems) this.#problems.push({ node, text });
  }

  element(node: Element, rule: ElementRule): void {
    if (rule.anything === true) return;
    const { variant, problems } = closestVariant(node, rule);
    for (const problem of problems) this.#problem(problem.node, problem.text);
    for (const [name, value] of node.attributes) {
      const type = typeOf(variant, name);
      if (type === ID) this.#id(node, value);
      else if (type === IDREF) this.#references.push({ node, name, id: trim(value) });
    }
    if (this.#rootOnly && node.name === 'cib') return;
    for (const child of childElements(node)) {
      const known = variant.content?.particles.find(({ children }) => Object.hasOwn(children, child.name));
      if (known !== undefined) this.element(child, known.children[child.name] as ElementRule);
    }
  }

  #id(node: Element, value: string): void {
    const id = trim(value);
    if (this.#ids.has(id)) this.#problem(node, `ID ${id} redefined`);
    this.#ids.add(id);
  }
}

/** The variant that an element conforms to, or the one that it is nearest to. */
function closestVariant(node: Element, rule: ElementRule): { variant: Variant; problems: SchemaProblem[] } {
  const variants = variantsOf(rule);
  const fits = variants.find((variant) => attributesFit(node, variant) && contentFits(node, variant.content));
  if (fits !== undefined) return { variant: fits, problems: [] };
  let best: { variant: Variant; problems: SchemaProblem[] } | undefined;
  for (const variant of variants) {
    const problems = [...attributeProblems(node, variant), ...contentProblems(node, variant.content)];
    if (best === undefined || problems.length < best.problems.length) best = { variant, problems };
  }
  if (best === undefined) throw new Error(`no form of ${node.name} is known`);
  return best;
}

function typeOf(variant: Variant, name: string): DataType | undefined {
  if (Object.hasOwn(variant.required, name)) return variant.required[name];
  return Object.hasOwn(variant.optional, name) ? variant.optional[name] : undefined;
}

function attributesFit(node: Element, variant: Variant): boolean {
  for (const name in variant.required) if (!node.attributes.has(name)) return false;
  for (const [name, value] of node.attributes) if (typeOf(variant, name)?.accepts(value) !== true) return false;
  return true;
}

function contentFits(node: Element, content: Content | undefined): boolean {
  const isEmpty = !node.children.some((child) => child.type === 'element');
  if (isEmpty) return content?.particles.every(({ occurs }) => occurs === '?' || occurs === '*') ?? true;
  return content !== undefined && contentProblems(node, content).length === 0;
}

function attributeProblems(node: Element, variant: Variant): SchemaProblem[] {
  const texts: string[] = [];
  for (const [name, value] of node.attributes) {
    const type = typeOf(variant, name);
    const of = `attribute ${name} for element ${describe(node)}`;
    if (type === undefined) texts.push(`Invalid ${of}`);
    else if (type.accepts(value)) continue;
    else if (type === ID || type === IDREF) texts.push(`Type ${type.name} doesn't allow value '${value}' (${of})`);
    else texts.push(`Invalid ${of}: expected ${type.name}, got '${value}'`);
  }
  for (const name of Object.keys(variant.required)) {
    if (!node.attributes.has(name)) texts.push(`Element ${describe(node)} lacks attribute ${name}`);
  }
  return texts.map((text) => ({ node, text }));
}

function contentProblems(node: Element, content: Content | undefined): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  const particles = content?.particles ?? [];
  const counts = particles.map(() => 0);
  let place = 0;
  for (const child of childElements(node)) {
    const index = particles.findIndex(({ children }) => Object.hasOwn(children, child.name));
    const found = particles[index];
    if (found === undefined) {
      problems.push({ node: child, text: `Did not expect element ${describe(child)} there (in ${node.name})` });
      continue;
    }
    const count = (counts[index] ?? 0) + 1;
    counts[index] = count;
    if (count === 2 && (found.occurs === '1' || found.occurs === '?')) {
      problems.push({ node: child, text: `Element ${describe(node)} has extra content: ${child.name}` });
    }
    if (content?.order === 'sequence' && index < place) {
      problems.push({ node: child, text: `Element ${describe(child)} is in the wrong place (in ${node.name})` });
    }
    place = Math.max(place, index);
  }
  for (const [index, { occurs, children }] of particles.entries()) {
    if (counts[index] !== 0 || occurs === '?' || occurs === '*') continue;
    const expected = Object.keys(children).join(' or ');
    problems.push({ node, text: `Expecting an element ${expected}, got nothing (in ${describe(node)})` });
  }
  return problems;
}

function describe(node: Element): string {
  const id = attr(node, 'id');
  return id === undefined ? node.name : `${node.name} (id ${id})`;
}
