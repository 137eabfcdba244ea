import { readFile, stat } from 'node:fs/promises';
import { childElements, descend, type Element, firstChild } from '@sanode/xml';
import type { CibEditor } from '../cib-editor.ts';
import { parseCib, printIndented } from '../cib-store.ts';
import type { PcsContext } from '../context.ts';
import { fail, usage } from '../errors.ts';
import { writePrivate } from '../known-hosts.ts';
import { awaitIdle, waitSeconds } from '../wait.ts';

const sections = [
  ...['acls', 'alerts', 'configuration', 'constraints', 'crm_config', 'fencing-topology', 'nodes', 'op_defaults'],
  ...['resources', 'rsc_defaults', 'status', 'tags'],
];
const maxFileBytes = 64 * 1024 * 1024;

function scopeOf(context: PcsContext, words: readonly string[]): string | undefined {
  const scope = words.find((word) => word.startsWith('scope='))?.slice('scope='.length);
  if (scope !== undefined && !sections.includes(scope)) fail(`invalid CIB scope '${scope}'`);
  return context.has('config') ? 'configuration' : scope;
}

function sectionOf(root: Element, scope: string): Element | undefined {
  return scope === 'configuration' || scope === 'status'
    ? firstChild(root, scope)
    : descend(root, 'configuration', scope);
}

/** `cluster cib [FILE] [scope=SECTION | --config]`: the CIB, or a section, to standard output or a file. */
export async function showCib(context: PcsContext, words: readonly string[]): Promise<void> {
  const [file, ...more] = words.filter((word) => !word.includes('='));
  if (more.length > 0) usage();
  const scope = scopeOf(context, words);
  const { root } = await context.cib();
  const shown = scope === undefined ? root : (sectionOf(root, scope) ?? fail(`the CIB has no section '${scope}'`));
  if (file === undefined) context.io.stdout(printIndented(shown));
  else await writePrivate(file, printIndented(shown));
}

/** `cluster cib-push FILE [scope=S | --config | diff-against=FILE]`. */
export async function pushCib(context: PcsContext, words: readonly string[]): Promise<void> {
  const [file, ...more] = words.filter((word) => !word.includes('='));
  if (file === undefined || more.length > 0) usage();
  const wait = waitSeconds(context);
  const against = words.find((word) => word.startsWith('diff-against='))?.slice('diff-against='.length);
  const scope = scopeOf(context, words);
  if (scope !== undefined && against !== undefined) fail("Cannot use both 'scope' and 'diff-against'");
  const editor = await context.cib();
  if (against !== undefined) fail("'diff-against' is not available yet, use 'scope=configuration' or --config");
  const source = await readText(file);
  if (scope === undefined) {
    editor.root = { ...parseCib(source, `'${file}'`), attributes: editor.root.attributes };
    keepStatus(editor);
  } else {
    replaceSection(editor, scope, source, file);
  }
  await context.save(editor);
  context.say('CIB updated');
  if (wait !== undefined) await awaitIdle(context, wait);
}

/** Status is the cluster's to write: that of a file is older than the one that is. */
function keepStatus(editor: CibEditor): void {
  const now = firstChild(editor.original, 'status');
  const pushed = firstChild(editor.root, 'status');
  if (pushed !== undefined && now !== undefined) editor.replace(pushed, now);
}

function replaceSection(editor: CibEditor, scope: string, source: string, file: string): void {
  const wrapped = parseSection(source, file);
  const section = wrapped.name === 'cib' ? sectionOf(wrapped, scope) : wrapped.name === scope ? wrapped : undefined;
  if (section === undefined) fail(`'${file}' has no section '${scope}'`);
  const present = sectionOf(editor.root, scope) ?? editor.ensureSection(scope);
  editor.replace(present, section as Element);
}

function parseSection(source: string, file: string): Element {
  const holder = parseCib(`<cib>${source.replace(/^\s*<\?xml[^>]*\?>/, '')}</cib>`, `'${file}'`);
  return childElements(holder)[0] ?? fail(`'${file}' is empty`);
}

async function readText(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > maxFileBytes) fail(`'${file}' is larger than ${maxFileBytes} bytes`);
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') fail(`unable to parse new cib: '${file}': No such file or directory`);
    throw error;
  }
}

/** `cluster cib-upgrade`: says nothing when the schema is the newest already. */
export async function upgradeCib(context: PcsContext, words: readonly string[]): Promise<void> {
  if (words.length > 0) usage();
  const file = context.cibFile;
  const before = file === undefined ? undefined : await readText(file);
  const environment: Record<string, string> = file === undefined ? {} : { CIB_file: file };
  const { code, stdout, stderr } = await context.deps.tool('cibadmin', ['--upgrade', '--force'], environment);
  if (code !== 0) fail(`unable to upgrade cluster: ${(stderr || stdout).trimEnd()}`);
  const isUnchanged = file === undefined ? stdout.startsWith('Upgrade unnecessary') : (await readText(file)) === before;
  if (!isUnchanged) context.say('Cluster CIB has been upgraded to latest version');
}

/** `cluster verify [--full] [-f FILE]`. */
export async function verify(context: PcsContext, words: readonly string[]): Promise<void> {
  const file = context.cibFile ?? words[0];
  const target = file === undefined ? ['--live-check'] : ['--xml-file', file];
  const { code, stdout, stderr } = await context.deps.tool('crm_verify', [
    '-V',
    ...(context.has('full') ? ['-V'] : []),
    ...target,
  ]);
  if (code !== 0) fail(`invalid cib:\n${(stderr || stdout).trimEnd()}`);
}
