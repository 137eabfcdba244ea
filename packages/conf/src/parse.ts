import { ConfError } from './error.ts';
import { enumerations, integerKeys, interfaceKeys } from './key-types.ts';
import { type ConfLine, confLines } from './lines.ts';
import { type ConfKeys, type ConfValue, type IntegerType, integerRange, parseInteger } from './values.ts';

/** What parsing needs from the machine. */
export interface ConfSystem {
  /** Id of a user by name, or undefined. */
  userId(name: string): number | undefined;
  /** Id of a group by name, or undefined. */
  groupId(name: string): number | undefined;
}

/** Longest cmap key (corosync-services.md 7.1). */
const maxKeyCharacters = 255;
const maxLink = 7;

/** A section being read: where its keys go. */
interface Frame {
  readonly path: string;
  readonly kind: 'plain' | 'node' | 'interface' | 'member' | 'logger' | 'daemon' | 'uidgid';
  /** Keys that wait for the section's end, because their path depends on one of them. */
  readonly collected: Map<string, { value: string; line: number }>;
  members: string[];
}

/**
 * Parses corosync.conf to its cmap keys (corosync-services.md 9.1 to 9.3).
 * @param file name for error messages
 * @throws {ConfError} with the reference's text and the line
 */
export function parseCorosyncConf(source: string, file: string, system: ConfSystem): ConfKeys {
  return new Parser(file, system, false).parse(source);
}

/** Parses a file of `uidgid.d/`: only `uidgid {}` sections are allowed. @throws {ConfError} */
export function parseUidgidFile(source: string, file: string, system: ConfSystem): ConfKeys {
  return new Parser(file, system, true).parse(source);
}

class Parser {
  readonly #file: string;
  readonly #system: ConfSystem;
  readonly #uidgidOnly: boolean;
  readonly #keys = new Map<string, ConfValue>();
  readonly #frames: Frame[] = [];
  #nodeCount = 0;

  constructor(file: string, system: ConfSystem, uidgidOnly: boolean) {
    this.#file = file;
    this.#system = system;
    this.#uidgidOnly = uidgidOnly;
  }

  parse(source: string): ConfKeys {
    for (const line of confLines(source, this.#file)) {
      if (line.kind === 'open') this.#open(line.name, line.line);
      else if (line.kind === 'close') this.#close(line.line);
      else this.#key(line);
    }
    return this.#keys;
  }

  #fail(line: number, text: string): never {
    throw new ConfError(this.#file, line, text);
  }

  #open(name: string, line: number): void {
    const parent = this.#frames.at(-1);
    const path = parent === undefined ? name : `${parent.path}.${name}`;
    if (path.length > maxKeyCharacters) this.#fail(line, 'Start of section makes total cmap path too long');
    if (this.#uidgidOnly && path !== 'uidgid') {
      this.#fail(line, "uidgid: Can't add subsection different than uidgid");
    }
    const kind = sectionKind(path, parent?.kind);
    if (kind === 'plain' && (parent?.kind === 'uidgid' || parent?.kind === 'member')) {
      this.#fail(line, `${parent.kind}: Can't add subsection`);
    }
    const framePath = kind === 'node' ? `nodelist.node.${this.#nodeCount}` : path;
    this.#frames.push({ path: framePath, kind, collected: new Map(), members: [] });
  }

  #close(line: number): void {
    const frame = this.#frames.pop() as Frame;
    if (frame.kind === 'node') this.#nodeCount += 1;
    else if (frame.kind === 'interface') this.#closeInterface(frame, line);
    else if (frame.kind === 'logger') this.#closeLogger(frame, line);
    else if (frame.kind === 'daemon') this.#closeDaemon(frame, line);
  }

  #key({ name, value, line }: Extract<ConfLine, { kind: 'key' }>): void {
    const frame = this.#frames.at(-1);
    const path = frame === undefined ? name : `${frame.path}.${name}`;
    if (path.length > maxKeyCharacters) this.#fail(line, 'New key makes total cmap path too long');
    switch (frame?.kind) {
      case 'interface':
      case 'logger':
      case 'daemon':
        frame.collected.set(name, { value, line });
        return;
      case 'member':
        if (name === 'memberaddr') this.#frames.at(-2)?.members.push(value);
        return;
      case 'uidgid':
        this.#uidgid(name, value, line);
        return;
      case 'node':
        if (name === 'nodeid' || name === 'quorum_votes') this.#integer(path, value, 'u32', line);
        else this.#store(path, { type: 'str', value }, line);
        return;
      default:
        this.#plain(path, value, line);
    }
  }

  #plain(path: string, value: string, line: number): void {
    const type = integerKeys.get(path);
    if (type !== undefined) {
      this.#integer(path, value, type, line);
      return;
    }
    const words = enumerations.get(path);
    if (words !== undefined && !words.values.includes(value)) this.#fail(line, words.error);
    this.#store(path, { type: 'str', value }, line);
  }

  #integer(path: string, text: string, type: IntegerType, line: number, errorPath = path): void {
    const parsed = parseInteger(text, type);
    if (parsed !== undefined) this.#store(path, parsed, line);
    else if (type === 'u64') {
      this.#fail(line, `Value of key "${errorPath}" is expected to be unsigned integer, but "${text}" was given`);
    } else {
      const range = integerRange(type);
      this.#fail(
        line,
        `Value of key "${errorPath}" is expected to be integer in range (${range}), but "${text}" was given`,
      );
    }
  }

  #store(path: string, value: ConfValue, line: number): void {
    if (path.length < 3 || path.length > maxKeyCharacters || !/^[a-zA-Z0-9._\-/:]+$/.test(path)) {
      this.#fail(line, `Can't store key "${path}" into icmap, returned error is CS_ERR_NAME_TOO_LONG`);
    }
    this.#keys.set(path, value);
  }

  #closeInterface(frame: Frame, line: number): void {
    const number = frame.collected.get('linknumber') ?? frame.collected.get('ringnumber');
    let link = 0;
    if (number !== undefined) {
      const parsed = parseInteger(number.value, 'u8');
      if (parsed === undefined) {
        const text = `is expected to be integer in range (0..255), but "${number.value}" was given`;
        this.#fail(number.line, `Value of key "totem.interface.linknumber" ${text}`);
      }
      link = Number(parsed.value);
      if (link > maxLink) this.#fail(line, `interface ring number ${link} is bigger than allowed maximum ${maxLink}`);
    }
    for (const [name, item] of frame.collected) {
      if (name === 'linknumber' || name === 'ringnumber') continue;
      const type = interfaceKeys.get(name);
      const path = `totem.interface.${link}.${name}`;
      if (type === undefined) this.#store(`totem.interface.${name}`, { type: 'str', value: item.value }, item.line);
      else if (type === 'str') this.#store(path, { type, value: item.value }, item.line);
      else this.#integer(path, item.value, type, item.line, `totem.interface.${name}`);
    }
    for (const [index, value] of frame.members.entries()) {
      this.#store(`totem.interface.${link}.member.${index}`, { type: 'str', value }, line);
    }
  }

  #closeLogger(frame: Frame, line: number): void {
    const subsystem = frame.collected.get('subsys');
    if (subsystem === undefined) this.#fail(line, 'No subsys key in logger_subsys directive');
    this.#storeAll(`logging.logger_subsys.${subsystem.value}`, frame, []);
  }

  #closeDaemon(frame: Frame, line: number): void {
    const name = frame.collected.get('name');
    const subsystem = frame.collected.get('subsys');
    if (name === undefined) this.#fail(line, 'No name key in logging_daemon directive');
    const own = subsystem === undefined ? 'logging' : `logging.logger_subsys.${subsystem.value}`;
    const others = `logging.logging_daemon.${name.value}${subsystem === undefined ? '' : `.${subsystem.value}`}`;
    this.#storeAll(name.value === 'corosync' ? own : others, frame, ['name']);
  }

  #storeAll(prefix: string, frame: Frame, without: readonly string[]): void {
    for (const [name, item] of frame.collected) {
      if (!without.includes(name)) this.#store(`${prefix}.${name}`, { type: 'str', value: item.value }, item.line);
    }
  }

  #uidgid(name: string, value: string, line: number): void {
    if (name !== 'uid' && name !== 'gid') this.#fail(line, 'uidgid: Only uid and gid are allowed items');
    const number = parseInteger(value, 'u32');
    const found = name === 'uid' ? this.#system.userId(value) : this.#system.groupId(value);
    const id = number === undefined ? found : Number(number.value);
    if (id === undefined) {
      const where = name === 'uid' ? 'user is not found in /etc/passwd' : 'group is not found in /etc/group';
      this.#fail(line, `The '${value}' ${where}, please read the documentation.`);
    }
    this.#store(`uidgid.config.${name}.${id}`, { type: 'u8', value: 1 }, line);
  }
}

function sectionKind(path: string, parent: Frame['kind'] | undefined): Frame['kind'] {
  if (path === 'nodelist.node') return 'node';
  if (path === 'totem.interface') return 'interface';
  if (path === 'totem.interface.member' && parent === 'interface') return 'member';
  if (path === 'logging.logger_subsys') return 'logger';
  if (path === 'logging.logging_daemon') return 'daemon';
  if (path === 'uidgid') return 'uidgid';
  return 'plain';
}
