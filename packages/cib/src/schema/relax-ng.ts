import { type Element, element, printWithText } from '@sanode/xml';
import { documentRule, sectionRules } from './document-rules.ts';
import { schemaNames, schemaNumber } from './names.ts';
import type { Attributes, Content, ElementRule, Form, Occurs, Particle } from './rule.ts';

const namespaces = {
  xmlns: 'http://relaxng.org/ns/structure/1.0',
  datatypeLibrary: 'http://www.w3.org/2001/XMLSchema-datatypes',
};

/** Patterns of one grammar; every rule is defined once, however often it is referred to. */
class Definitions {
  readonly #names = new Map<ElementRule, Map<string, string>>();
  readonly #used = new Set<string>();
  readonly #made: Element[] = [];
  readonly #sectionFiles: readonly string[];

  /** @param sectionFiles files that hold the sections of `configuration` */
  constructor(sectionFiles: readonly string[] = []) {
    this.#sectionFiles = sectionFiles;
  }

  grammar(start: readonly Element[]): Element {
    const definitions = [...this.#made].sort((a, b) => compare(a.attributes.get('name'), b.attributes.get('name')));
    return element('grammar', namespaces, [element('start', {}, start), ...definitions]);
  }

  /** A reference to the definition of an element, made when it is first asked for. */
  reference(name: string, rule: ElementRule): Element {
    const labels = this.#names.get(rule) ?? new Map<string, string>();
    this.#names.set(rule, labels);
    const known = labels.get(name);
    if (known !== undefined) return element('ref', { name: known });
    let label = `element-${name}`;
    for (let number = 2; this.#used.has(label); number += 1) label = `element-${name}-${number}`;
    this.#used.add(label);
    labels.set(name, label);
    this.#made.push(element('define', { name: label }, [element('element', { name }, [this.#inside(name, rule)])]));
    return element('ref', { name: label });
  }

  #inside(name: string, rule: ElementRule): Element {
    if (rule.anything === true) return this.#anything();
    if (name === 'configuration' && this.#sectionFiles.length > 0) {
      return element(
        'interleave',
        {},
        this.#sectionFiles.map((href) => element('externalRef', { href })),
      );
    }
    return choice(rule.forms.map((form) => this.#form(form)));
  }

  #anything(): Element {
    if (!this.#used.has('anything')) {
      this.#used.add('anything');
      const any = element('anyName');
      this.#made.push(
        element('define', { name: 'anything' }, [
          element('zeroOrMore', {}, [
            element('choice', {}, [
              element('attribute', {}, [any, element('text')]),
              element('text'),
              element('element', {}, [any, element('ref', { name: 'anything' })]),
            ]),
          ]),
        ]),
      );
    }
    return element('ref', { name: 'anything' });
  }

  #form(form: Form): Element {
    const choices = (form.choices ?? []).map((alternatives) =>
      choice(alternatives.map((alternative) => group(attributePatterns(alternative)))),
    );
    return group([...attributePatterns(form), ...choices, ...this.#content(form.content)]);
  }

  #content(content: Content | undefined): Element[] {
    const particles = (content?.particles ?? []).map((each) => this.#particle(each));
    if (particles.length < 2) return particles;
    return [element(content?.order === 'any' ? 'interleave' : 'group', {}, particles)];
  }

  #particle({ occurs, children }: Particle): Element {
    const references = Object.entries(children).map(([name, rule]) => this.reference(name, rule));
    return repeated(occurs, choice(references));
  }
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : Number(a > b);
}

function group(patterns: readonly Element[]): Element {
  if (patterns.length === 0) return element('empty');
  return patterns.length === 1 ? (patterns[0] as Element) : element('group', {}, patterns);
}

function choice(patterns: readonly Element[]): Element {
  return patterns.length === 1 ? (patterns[0] as Element) : element('choice', {}, patterns);
}

function repeated(occurs: Occurs, pattern: Element): Element {
  const names = { '?': 'optional', '*': 'zeroOrMore', '+': 'oneOrMore' } as const;
  return occurs === '1' ? pattern : element(names[occurs], {}, [pattern]);
}

function attributePatterns({ required = {}, optional = {} }: Attributes): Element[] {
  const one = (name: string, pattern: Element): Element => element('attribute', { name }, [pattern]);
  return [
    ...Object.entries(required).map(([name, type]) => one(name, type.pattern)),
    ...Object.entries(optional).map(([name, type]) => element('optional', {}, [one(name, type.pattern)])),
  ];
}

/**
 * RELAX NG grammars of all schemas, made from the rules that the validator goes by: file names, as the reference has
 * them (`pacemaker-4.0.rng`, and for its sections one file for every version that changed them), and their text.
 */
export function relaxNgFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const newest = new Map<string, { file: string; text: string }>();
  for (const schema of schemaNames) {
    const version = schemaNumber(schema) as number;
    for (const name of new Set(sectionRules.map(({ file }) => file))) {
      const text = sectionFile(name, version);
      if (text === undefined || newest.get(name)?.text === text) continue;
      const file = `${name}-${schema.slice('pacemaker-'.length)}.rng`;
      newest.set(name, { file, text });
      files.set(file, text);
    }
    const definitions = new Definitions([...newest.values()].map(({ file }) => file));
    const start = definitions.reference('cib', documentRule(version, [...schemaNames, 'none']));
    files.set(`${schema}.rng`, fileText(definitions.grammar([start])));
  }
  return files;
}

/** The sections that are kept in one file; undefined when the version has none of them. */
function sectionFile(name: string, version: number): string | undefined {
  const sections = sectionRules.filter((each) => each.file === name && version >= each.since);
  if (sections.length === 0) return undefined;
  const definitions = new Definitions();
  const patterns = sections.map(({ element: root, occurs, make }) =>
    repeated(occurs, definitions.reference(root, make(version))),
  );
  const start = patterns.length === 1 ? patterns : [element('interleave', {}, patterns)];
  return fileText(definitions.grammar(start));
}

function fileText(grammar: Element): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${linesOf(grammar, 0)}`;
}

/** One element a line, but text where it is, as blanks count in a value. */
function linesOf(node: Element, level: number): string {
  const indent = '  '.repeat(level);
  const children = node.children.filter((child) => child.type === 'element');
  if (children.length === 0) return `${indent}${printWithText(node)}\n`;
  const open = printWithText({ ...node, children: [] }).replace(/\/>$/, '>');
  return `${indent}${open}\n${children.map((child) => linesOf(child, level + 1)).join('')}${indent}</${node.name}>\n`;
}
