import { readFileSync } from 'node:fs';
import { type CmapMap, type CmapValue, connectCmap, type FullCmapConnection } from '@sanode/cluster/client';
import { resultText } from '../../common/corosync-result.ts';
import { type ParsedOption, parseShortOptions } from '../../common/short-options.ts';
import type { ToolIo } from '../../io.ts';
import { printValue, readValue, ValueError } from './values.ts';

const usage = `
usage:  corosync-cmapctl [-b] [-DdghsqTCt] [-p filename] [-m map] [params...]

    -b show binary values
    -m MAP choose the map: 'icmap' (or 'default'), the configuration and what the
           daemon knows; or 'stats', counters of the ring, the links and the clients

Show keys:
    corosync-cmapctl [-b] [-m MAP] [prefix...]

Get keys (-q: their values only):
    corosync-cmapctl [-b] [-q] [-m MAP] -g key...

Set a key:
    corosync-cmapctl -s key type value

    type is one of ([i|u][8|16|32|64] | flt | dbl | str | bin);
    for bin, value is a file's name (or - for standard input)

Set and delete keys from a file (or - for standard input):
    corosync-cmapctl -p filename

    a line is 'key type value' to set, '^key' to delete a key, '^^prefix' to
    delete all keys with a prefix; lines that start with # are comments

Delete keys, or all keys with a prefix:
    corosync-cmapctl -d key...
    corosync-cmapctl -D prefix...

Follow changes of a key, or of all keys with a prefix, until q is typed:
    corosync-cmapctl [-b] [-m MAP] -t key
    corosync-cmapctl [-b] [-m MAP] -T prefix

Set statistics to 0 (of the map 'stats', whatever -m says):
    corosync-cmapctl -C [knet|ipc|totem|schedmiss|all]
`;
const maxInputBytes = 1024 * 1024;

interface Task {
  readonly cmap: FullCmapConnection;
  readonly io: ToolIo;
  readonly binary: boolean;
  readonly quiet: boolean;
  readonly words: readonly string[];
}

class ToolError extends Error {}

/** corosync-cmapctl (corosync-services.md 11.4). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseShortOptions(argv, 'bqgsdDtTp:m:C:h');
  if (parsed.error !== undefined) {
    io.stderr(`corosync-cmapctl: ${parsed.error}\n`);
    return 1;
  }
  const has = (letter: string): boolean => parsed.options.some((option) => option.option === letter);
  if (has('h')) {
    io.stdout(usage);
    return 0;
  }
  try {
    return await withMap(parsed.options, parsed.rest, io);
  } catch (error) {
    if (!(error instanceof ToolError) && !(error instanceof ValueError)) throw error;
    io.stderr(`${error.message}\n`);
    return 1;
  }
}

function chosenMap(options: readonly ParsedOption[]): CmapMap {
  const name = options.findLast((option) => option.option === 'm')?.value ?? 'default';
  if (name === 'stats') return 'stats';
  if (name === 'icmap' || name === 'default') return 'icmap';
  throw new ToolError("invalid map name, must be 'default', 'icmap' or 'stats'");
}

async function withMap(options: readonly ParsedOption[], words: readonly string[], io: ToolIo): Promise<number> {
  const chosen = chosenMap(options);
  const has = (letter: string): boolean => options.some((option) => option.option === letter);
  const action = options.findLast((option) => 'gsdDtTpC'.includes(option.option));
  if (action?.option === 'C') {
    if (!['knet', 'ipc', 'totem', 'schedmiss', 'all'].includes(action.value ?? '')) {
      throw new ToolError("argument to -C should be 'knet', 'totem', 'ipc', 'schedmiss' or 'all'");
    }
  }
  const map = action?.option === 'C' ? 'stats' : chosen;
  if (action !== undefined && action.option !== 'p' && action.option !== 'C' && words.length === 0) {
    throw new ToolError('Expected key after options');
  }
  let cmap: FullCmapConnection;
  try {
    cmap = await connectCmap({ map });
  } catch (error) {
    throw new ToolError(`Failed to initialize the cmap API. Error ${resultText(error)}`);
  }
  try {
    const task = { cmap, io, binary: has('b'), quiet: has('q'), words };
    switch (action?.option) {
      case undefined:
        return await print(task);
      case 'g':
        return await get(task);
      case 's':
        return await set(task);
      case 'd':
        return await remove(task);
      case 'D':
        return await removePrefixes(task);
      case 'C':
        await store(task, `stats.clear.${action.value}`, { type: 'u32', value: 1 });
        return 0;
      case 'p':
        return await load(task, action.value as string);
      default:
        return await track(task, !has('t'));
    }
  } finally {
    cmap.close();
  }
}

async function print({ cmap, io, binary, words }: Task): Promise<number> {
  let found = false;
  for (const prefix of words.length === 0 ? [''] : words) {
    const entries = await cmap.list(prefix);
    let text = '';
    for (const [key, value] of entries) text += printValue(key, value, binary);
    found ||= entries.size > 0;
    io.stdout(text);
  }
  return found ? 0 : 1;
}

async function get({ cmap, io, binary, quiet, words }: Task): Promise<number> {
  for (const key of words) {
    let value: CmapValue | undefined;
    let problem = 'CS_ERR_NOT_EXIST';
    try {
      value = await cmap.get(key);
    } catch (error) {
      problem = resultText(error);
    }
    if (value === undefined) throw new ToolError(`Can't get key ${key}. Error ${problem}`);
    const line = printValue(key, value, binary);
    io.stdout(quiet ? line.slice(line.indexOf(' = ') + 3) : line);
  }
  return 0;
}

async function set(task: Task): Promise<number> {
  const [key, type, text] = task.words;
  if (key === undefined || type === undefined || text === undefined) {
    throw new ToolError('At least 3 parameters are expected for set');
  }
  await store(task, key, await readValue(type, text, (file) => readBinary(file, task.io)));
  return 0;
}

async function readBinary(file: string, io: ToolIo): Promise<Buffer> {
  if (file === '-') return Buffer.from(await io.readStdin(maxInputBytes));
  try {
    return readFileSync(file);
  } catch {
    throw new ToolError(`Can't open binary value file ${file}`);
  }
}

async function store({ cmap }: Task, key: string, value: CmapValue): Promise<void> {
  try {
    await cmap.set(key, value);
  } catch (error) {
    throw new ToolError(`Failed to set key ${key}. Error ${resultText(error)}`);
  }
}

async function remove({ cmap, words }: Task): Promise<number> {
  for (const key of words) {
    try {
      await cmap.delete(key);
    } catch (error) {
      throw new ToolError(`Can't delete key ${key}. Error ${resultText(error)}`);
    }
  }
  return 0;
}

async function removePrefixes(task: Task): Promise<number> {
  const keys: string[] = [];
  for (const prefix of task.words) keys.push(...(await task.cmap.list(prefix)).keys());
  return remove({ ...task, words: keys });
}

async function load(task: Task, file: string): Promise<number> {
  let text: string;
  try {
    text = file === '-' ? await task.io.readStdin(maxInputBytes) : readFileSync(file, 'utf8');
  } catch {
    throw new ToolError(`Can't open file ${file}`);
  }
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('^^')) await removePrefixes({ ...task, words: [line.slice(2).trim()] });
    else if (line.startsWith('^')) await remove({ ...task, words: [line.slice(1).trim()] });
    else {
      const [key, type, ...rest] = line.split(/\s+/);
      await set({ ...task, words: [key, type, rest.join(' ')].filter((word) => word !== undefined) });
    }
  }
  return 0;
}

async function track({ cmap, io, binary, words }: Task, isPrefix: boolean): Promise<number> {
  io.stdout('Type "q" to finish\n');
  const names = { add: 'create', modify: 'modify', delete: 'delete' } as const;
  for (const key of words) {
    await cmap.track(key, isPrefix, (change) => {
      const value = change.newValue ?? change.oldValue;
      if (value !== undefined) io.stdout(`${names[change.kind]}> ${printValue(change.key, value, binary)}`);
    });
  }
  for await (const chunk of process.stdin) if (String(chunk).startsWith('q')) break;
  return 0;
}
