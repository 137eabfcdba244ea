import type { Element } from '@sanode/xml';
import type { ToolIo } from '../../io.ts';
import { CibEditor } from './cib-editor.ts';
import { type CommandLine, optionText } from './command-line.ts';
import { fail, Reports } from './errors.ts';
import type { HostRequester } from './http.ts';

/** Where pcs keeps and finds files; the administrator's own paths, other ones in tests. */
export interface PcsFiles {
  corosyncConf: string;
  corosyncAuthkey: string;
  pacemakerAuthkey: string;
  knownHosts: string;
  pcsdStateDir: string;
  cibDir: string;
}

/** Where the CIB is read and written: the running cluster's, or a file's (`-f`). */
export interface CibStore {
  read(): Promise<Element>;
  /** @throws {PcsError} when it was not taken; then nothing was changed */
  write(before: Element, after: Element): Promise<void>;
}

/** How another program ended. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An agent in its parts. */
export interface ValidatedAgent {
  readonly standard: string;
  readonly provider: string | undefined;
  readonly type: string;
}

/** What is known about agents. */
export interface AgentSource {
  /** Meta-data, root `<resource-agent>`. @throws {Error} with the reason when there is none */
  metadata(standard: string, provider: string, type: string): Promise<Element>;
  /**
   * Lets an agent check parameters (validate-all).
   * @returns its exit code and words; undefined when it could not be asked
   */
  validate(
    agent: ValidatedAgent,
    options: ReadonlyMap<string, string>,
  ): Promise<{ code: number; message: string } | undefined>;
  /** Full names (`ocf:heartbeat:nginx`) of installed agents. */
  list(): Promise<string[]>;
}

/** What commands use of the outside; tests give their own. */
export interface PcsDeps {
  readonly files: PcsFiles;
  readonly agents: AgentSource;
  readonly hosts: HostRequester;
  openCib(file: string | undefined): CibStore;
  /** Runs one of our own tools (crm_mon, corosync-quorumtool …) in this process. */
  tool(name: string, argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<RunResult>;
  /** Runs `systemctl` with these arguments. */
  systemctl(argv: readonly string[]): Promise<RunResult>;
  /** Asks on the terminal, or takes the next line of standard input. */
  ask(question: string, hidden: boolean): Promise<string>;
  /** Addresses of a host name; empty when it does not resolve. */
  resolve(name: string): Promise<string[]>;
  sleep(ms: number): Promise<void>;
  nowMs(): number;
}

/** One run of pcs: its options, its surroundings, its CIB. */
export class PcsContext {
  readonly deps: PcsDeps;
  readonly io: ToolIo;
  readonly line: CommandLine;

  constructor(deps: PcsDeps, io: ToolIo, line: CommandLine) {
    this.deps = deps;
    this.io = io;
    this.line = line;
  }

  has(option: string): boolean {
    return this.line.options.has(option);
  }

  option(name: string): string | undefined {
    return this.line.options.get(name);
  }

  get force(): boolean {
    return this.has('force');
  }

  /** The file of `-f`, or undefined for the running cluster. */
  get cibFile(): string | undefined {
    return this.option('f');
  }

  /** Prints a line of the result. */
  print(text: string): void {
    this.io.stdout(`${text}\n`);
  }

  /** Prints a line of progress (standard error, as pcs 0.10 and later). */
  say(text: string): void {
    this.io.stderr(`${text}\n`);
  }

  warn(text: string): void {
    this.say(`Warning: ${text}`);
  }

  deprecated(text: string): void {
    this.say(`Deprecation Warning: ${text}`);
  }

  reports(): Reports {
    return new Reports(this.force, (sentence) => this.warn(sentence));
  }

  /** Reads the CIB. */
  async cib(): Promise<CibEditor> {
    return new CibEditor(await this.deps.openCib(this.cibFile).read());
  }

  /** Writes what the command changed; nothing when it changed nothing. */
  async save(editor: CibEditor): Promise<void> {
    if (editor.changed) await this.deps.openCib(this.cibFile).write(editor.original, editor.root);
  }

  /** Reads the CIB, lets `change` edit it, writes it. */
  async edit(change: (editor: CibEditor) => void | Promise<void>): Promise<void> {
    const editor = await this.cib();
    await change(editor);
    await this.save(editor);
  }

  /** Refuses options that the command has no use for (cli-pcs.md 2). @throws {PcsError} */
  allowOnly(allowed: readonly string[]): void {
    const everywhere = new Set(['debug', 'request-timeout', ...allowed]);
    const wrong = [...this.line.options.keys()].filter((name) => !everywhere.has(name)).map(optionText);
    if (wrong.length === 1) fail(`Specified option '${wrong[0]}' is not supported in this command`);
    if (wrong.length > 1) {
      fail(`Specified options ${wrong.map((name) => `'${name}'`).join(', ')} are not supported in this command`);
    }
  }
}

/** One command of pcs: handed the words after its name. */
export interface Command {
  /** Options it takes. */
  readonly options: readonly string[];
  readonly usage: string;
  run(context: PcsContext, words: readonly string[]): Promise<void>;
}
