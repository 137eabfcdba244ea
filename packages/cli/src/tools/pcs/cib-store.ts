import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { attr, type Element, escapeAttribute, parseXml, withAttributes } from '@sanode/xml';
import type { CibStore } from './context.ts';
import { fail } from './errors.ts';

/** Largest CIB file that is read, bytes. */
const maxFileBytes = 64 * 1024 * 1024;

/** The CIB in a file (`pcs -f FILE`). A change raises the epoch by one, as a cluster would. */
export function fileCib(path: string): CibStore {
  return {
    async read() {
      let source: string;
      try {
        if ((await stat(path)).size > maxFileBytes) fail(`'${path}' is larger than ${maxFileBytes} bytes`);
        source = await readFile(path, 'utf8');
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === undefined) throw error;
        fail(
          code === 'ENOENT'
            ? `unable to read '${path}': No such file or directory`
            : `unable to read '${path}': ${code}`,
        );
      }
      return parseCib(source, `'${path}'`);
    },
    async write(_before, after) {
      const epoch = Number(attr(after, 'epoch') ?? '0');
      const next = withAttributes(after, { epoch: epoch + 1, num_updates: 0 });
      const temporary = `${path}.pcs-${process.pid}`;
      const { mode } = await stat(path);
      await writeFile(temporary, printIndented(next), { mode: mode & 0o777 });
      await rename(temporary, path);
    },
  };
}

/** Parses a CIB. @throws {PcsError} when it is none */
export function parseCib(source: string, what: string): Element {
  let root: Element;
  try {
    root = parseXml(source);
  } catch (error) {
    return fail(`unable to parse the CIB in ${what}: ${(error as Error).message}`);
  }
  return root.name === 'cib' ? root : fail(`${what} is no CIB: its root element is <${root.name}>`);
}

/** Prints a document two blanks a level, as cibadmin does. */
export function printIndented(node: Element, depth = 0): string {
  const indent = '  '.repeat(depth);
  const attributes = [...node.attributes].map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`).join('');
  const inner = node.children.flatMap((child) => {
    if (child.type === 'element') return [printIndented(child, depth + 1)];
    return child.type === 'comment' ? [`${'  '.repeat(depth + 1)}<!--${child.text}-->\n`] : [];
  });
  if (inner.length === 0) return `${indent}<${node.name}${attributes}/>\n`;
  return `${indent}<${node.name}${attributes}>\n${inner.join('')}${indent}</${node.name}>\n`;
}
