import { ConfError } from './error.ts';
import { confLines } from './lines.ts';

/** One `name: value` of a section. */
export interface ConfAttribute {
  readonly name: string;
  readonly value: string;
}

/** A section of corosync.conf in its written order; the root has the name ''. For editors such as pcs. */
export interface ConfSection {
  readonly name: string;
  readonly attributes: readonly ConfAttribute[];
  readonly sections: readonly ConfSection[];
}

interface OpenSection {
  name: string;
  attributes: ConfAttribute[];
  sections: ConfSection[];
}

/**
 * Parses a configuration to a tree; comments are dropped, order is kept (cli-pcs.md 6.3).
 * @param file name for error messages @throws {ConfError}
 */
export function parseConfTree(source: string, file = '/etc/corosync/corosync.conf'): ConfSection {
  const root: OpenSection = { name: '', attributes: [], sections: [] };
  const open = [root];
  for (const line of confLines(source, file)) {
    const current = open.at(-1) as OpenSection;
    if (line.kind === 'key') current.attributes.push({ name: line.name, value: line.value });
    else if (line.kind === 'close') open.pop();
    else {
      const section: OpenSection = { name: line.name, attributes: [], sections: [] };
      current.sections.push(section);
      open.push(section);
    }
  }
  return root;
}

/** Makes a section for {@link printConfTree}. */
export function confSection(
  name: string,
  attributes: Readonly<Record<string, string>> | readonly ConfAttribute[],
  sections: readonly ConfSection[] = [],
): ConfSection {
  const list = Array.isArray(attributes)
    ? (attributes as readonly ConfAttribute[])
    : Object.entries(attributes as Readonly<Record<string, string>>).map(([key, value]) => ({ name: key, value }));
  return { name, attributes: list, sections };
}

/** The last value of an attribute, as the daemon takes it, or undefined. */
export function confAttribute(section: ConfSection, name: string): string | undefined {
  return section.attributes.findLast((attribute) => attribute.name === name)?.value;
}

/** Sets an attribute: the last of that name keeps its place, earlier ones go; undefined removes all. */
export function withConfAttribute(section: ConfSection, name: string, value: string | undefined): ConfSection {
  const last = section.attributes.findLastIndex((attribute) => attribute.name === name);
  const attributes: ConfAttribute[] = [];
  for (const [index, attribute] of section.attributes.entries()) {
    if (attribute.name !== name) attributes.push(attribute);
    else if (index === last && value !== undefined) attributes.push({ name, value });
  }
  if (last < 0 && value !== undefined) attributes.push({ name, value });
  return { ...section, attributes };
}

/** The subsections with a name, in order. */
export function confSections(section: ConfSection, name: string): readonly ConfSection[] {
  return section.sections.filter((child) => child.name === name);
}

/** Replaces subsection `from` (by identity) by `to`, or removes it; `from` undefined appends `to`. */
export function withConfSection(
  section: ConfSection,
  from: ConfSection | undefined,
  to: ConfSection | undefined,
): ConfSection {
  const kept = section.sections.flatMap((child) => (child === from ? (to === undefined ? [] : [to]) : [child]));
  if (from === undefined && to !== undefined) kept.push(to);
  return { ...section, sections: kept };
}

/**
 * Prints a tree the way pcs does (cli-pcs.md 6.3): four spaces a level, attributes before subsections, a blank line
 * between sibling sections and between attributes and the first subsection.
 * @throws {ConfError} when a name or value could not be read back as it is
 */
export function printConfTree(root: ConfSection): string {
  const lines: string[] = [];
  printInto(root, '', lines);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function printInto(section: ConfSection, indent: string, lines: string[]): void {
  for (const { name, value } of section.attributes) {
    const text = `${indent}${name}: ${value}`.trimEnd();
    if (/[:{}\r\n]|^#|^\s|\s$|^$/.test(name) || /[{\r\n]|^\s|\s$/.test(value) || text.length > 510) {
      throw new ConfError('corosync.conf', 0, `corosync.conf cannot hold '${name}: ${value}'`);
    }
    lines.push(text);
  }
  let first = section.attributes.length === 0;
  for (const child of section.sections) {
    if (!first) lines.push('');
    first = false;
    if (/[{}\r\n]|^#|^\s|[\s:]$|^$/.test(child.name)) {
      throw new ConfError('corosync.conf', 0, `corosync.conf cannot hold a section '${child.name}'`);
    }
    lines.push(`${indent}${child.name} {`);
    printInto(child, `${indent}    `, lines);
    lines.push(`${indent}}`);
  }
}
