import { globSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** What the agent takes from nginx's configuration (ocf-agents.md 3.3): the reference's crude reading, reproduced. */
export interface NginxConfig {
  /** Value of the first `pid` line. */
  readonly pid: string | undefined;
  /** Value of the first `listen` line; a bare port has `localhost:` in front. `localhost:` where there is none. */
  readonly listen: string;
  /** Port of the first `listen` line, if it has a valid one. */
  readonly listenPort: number | undefined;
  /** Path of the last location whose block has the line `stub_status on;`; '' if none. */
  readonly statusPath: string;
}

const maxIncludeDepth = 10;
const maxLines = 200_000;

/** Reads a configuration file with its includes. @throws {Error} when the main file can't be read */
export function readConfig(file: string): NginxConfig {
  const lines = collectLines(file);
  const listenValue = firstValue(lines, 'listen');
  const listen = listenValue?.includes(':') === true ? listenValue : `localhost:${listenValue ?? ''}`;
  return {
    pid: firstValue(lines, 'pid'),
    listen,
    listenPort: listenValue === undefined ? undefined : validPort(listenValue),
    statusPath: statusLocation(lines),
  };
}

/** A port from a value: after the first `:` if there is one, decimal 1 to 65535; undefined if it is none. */
export function validPort(value: string): number | undefined {
  const digits = value.slice(value.indexOf(':') + 1);
  const port = Number(digits);
  return /^[0-9]+$/.test(digits) && port >= 1 && port <= 65535 ? port : undefined;
}

function collectLines(file: string): string[] {
  const lines: string[] = [];
  const state = { root: undefined as string | undefined };
  appendFile(lines, file, state, 0);
  return lines;
}

function appendFile(lines: string[], file: string, state: { root: string | undefined }, depth: number): void {
  for (const raw of readFileSync(file, 'utf8').split('\n')) {
    if (lines.length >= maxLines) return;
    const line = raw.replace(/#.*$/, '').trim();
    if (line === '') continue;
    const [word = '', argument = ''] = line.split(/\s+/);
    if (word.toLowerCase() === 'include' && depth < maxIncludeDepth) {
      for (const included of includedFiles(argument.replace(/;.*$/, ''), state.root)) {
        tryAppend(lines, included, state, depth + 1);
      }
      continue;
    }
    if (word.toLowerCase() === 'root') state.root ??= unquote(argument);
    lines.push(line);
  }
}

function tryAppend(lines: string[], file: string, state: { root: string | undefined }, depth: number): void {
  try {
    appendFile(lines, file, state, depth);
  } catch {
    // An include that can't be read is nginx's to complain of (nginx -t); the agent only looks for defaults.
  }
}

function includedFiles(pattern: string, root: string | undefined): string[] {
  const path = isAbsolute(pattern) ? pattern : join(root ?? process.cwd(), pattern);
  const found: string[] = [];
  for (const match of globSync(path).sort()) {
    if (statSync(match, { throwIfNoEntry: false })?.isDirectory() !== true) found.push(match);
    else for (const below of globSync(`${match}/**/*`).sort()) if (statSync(below).isFile()) found.push(below);
  }
  return found;
}

function firstValue(lines: readonly string[], name: string): string | undefined {
  for (const line of lines) {
    const [word = '', argument] = line.split(/\s+/);
    if (word.toLowerCase() === name && argument !== undefined) return unquote(argument);
  }
  return undefined;
}

function unquote(value: string): string {
  return value.replace(/;.*$/, '').replace(/["']/g, '');
}

function statusLocation(lines: readonly string[]): string {
  let location = '';
  let found = '';
  for (const line of lines) {
    const opened = /^location\s+(?:[=~^*]+\s+)?(\S+)\s*\{/.exec(line);
    if (opened !== null) location = opened[1] ?? '';
    if (/^stub_status\s+on\s*;/.test(line)) found = location;
  }
  return found;
}
