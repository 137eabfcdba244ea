import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A unit as its files say (systemd.syntax(7)): values of each key of each section, in order. */
export interface Unit {
  readonly name: string;
  readonly file: string;
  /** All values of `SECTION.KEY`; an empty assignment has taken away those before it. */
  values(section: string, key: string): readonly string[];
  /** The last value, or undefined. */
  value(section: string, key: string): string | undefined;
  /** Words of all values of a list such as After=. */
  list(section: string, key: string): readonly string[];
}

/** Largest unit file that is read, characters. */
const maxUnitLength = 1024 * 1024;

/** Folders with unit files, the administrator's first. */
export function unitPath(env: Readonly<Record<string, string | undefined>> = process.env): string[] {
  return (env['SANODE_UNIT_PATH'] ?? '/etc/systemd/system:/usr/lib/systemd/system')
    .split(':')
    .filter((part) => part !== '');
}

/** Reads a unit and its drop-ins (NAME.d/*.conf); undefined when no folder has it. */
export function loadUnit(name: string, folders: readonly string[]): Unit | undefined {
  for (const folder of folders) {
    const file = join(folder, name);
    const source = read(file);
    if (source === undefined) continue;
    const sources = [source, ...dropIns(name, folders)];
    return makeUnit(name, file, sources);
  }
  return undefined;
}

function read(file: string): string | undefined {
  try {
    const source = readFileSync(file, 'utf8');
    if (source.length > maxUnitLength) throw new Error(`${file} is over ${maxUnitLength} characters`);
    return source;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function dropIns(name: string, folders: readonly string[]): string[] {
  const files = new Map<string, string>();
  for (const folder of [...folders].reverse()) {
    const drop = join(folder, `${name}.d`);
    let names: string[] = [];
    try {
      names = readdirSync(drop).filter((entry) => entry.endsWith('.conf'));
    } catch {
      continue;
    }
    for (const entry of names) files.set(entry, join(drop, entry));
  }
  return [...files.keys()].sort().flatMap((entry) => read(files.get(entry) as string) ?? []);
}

/** Makes a unit of the texts of its files. @throws {Error} naming the line that is no unit file's */
export function makeUnit(name: string, file: string, sources: readonly string[]): Unit {
  const values = new Map<string, string[]>();
  for (const source of sources) parseInto(values, source, file);
  const all = (section: string, key: string): readonly string[] =>
    (values.get(`${section}.${key}`) ?? []).map((text) => specifiers(text, name));
  return {
    name,
    file,
    values: all,
    value: (section, key) => all(section, key).at(-1),
    list: (section, key) => all(section, key).flatMap((text) => text.split(/\s+/).filter((word) => word !== '')),
  };
}

function parseInto(values: Map<string, string[]>, source: string, file: string): void {
  let section = '';
  const lines = source.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const number = at + 1;
    let line = (lines[at] as string).trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    while (line.endsWith('\\') && at + 1 < lines.length) {
      at += 1;
      const next = (lines[at] as string).trim();
      if (!next.startsWith('#') && !next.startsWith(';')) line = `${line.slice(0, -1)} ${next}`;
    }
    const heading = /^\[([^\]]+)\]$/.exec(line);
    if (heading !== null) {
      section = heading[1] as string;
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 1 || section === '') throw new Error(`${file}:${number}: not a line of a unit file`);
    const key = `${section}.${line.slice(0, equals).trim()}`;
    const value = line.slice(equals + 1).trim();
    if (value === '') values.set(key, []);
    else values.set(key, [...(values.get(key) ?? []), value]);
  }
}

function specifiers(text: string, name: string): string {
  return text.replace(/%(.)/g, (whole, letter: string) => {
    const stem = name.replace(/\.[^.]+$/, '');
    if (letter === '%') return '%';
    if (letter === 'n') return name;
    if (letter === 'N' || letter === 'p') return stem;
    return whole;
  });
}

const unitSeconds: Readonly<Record<string, number>> = {
  us: 1e-6,
  ms: 1e-3,
  '': 1,
  s: 1,
  sec: 1,
  m: 60,
  min: 60,
  h: 3600,
  hr: 3600,
  d: 86_400,
};

/** Milliseconds of a time span such as `90`, `1min 30s`, `30min`, `infinity`. @throws {Error} when it is none */
export function spanMs(text: string): number {
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  let totalMs = 0;
  const rest = text.replace(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/g, (whole, number: string, unit: string) => {
    const factor = unitSeconds[unit] ?? unitSeconds[unit.replace(/s$/, '')];
    if (factor === undefined) return whole;
    totalMs += Number(number) * factor * 1000;
    return '';
  });
  if (rest !== '' || text === '') throw new Error(`'${text}' is no time span`);
  return totalMs;
}

export function isYes(text: string | undefined): boolean {
  return text !== undefined && /^(1|yes|true|on)$/i.test(text);
}
