import { renameSync, writeFileSync } from 'node:fs';
import { applyDiffNotification, type CibClient } from '@sanode/cib';
import type { Element } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import type { ToolIo } from '../../io.ts';
import type { Request } from './index.ts';
import { type LauncherState, launcherState, openCib, queryCib, SourceError } from './source.ts';

const quietMs = 2000;
const updatesBeforeRedraw = 10;
const clearScreen = '\u001b[2J\u001b[H';

type Render = (request: Request, cib: Element, launcher: LauncherState | undefined, io: ToolIo) => string;

/** Shows the cluster and keeps showing it until SIGINT, SIGTERM or `q` (cli-crm.md 4.9). @returns the exit code */
export async function watchCluster(request: Request, io: ToolIo, render: Render): Promise<number> {
  const screen = new Screen(request, io, render);
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  if (request.format === 'html' && request.outputTo !== undefined)
    io.stdout(`Writing html to ${request.outputTo} ...\n`);
  io.stdout('Waiting until cluster is available on this node ...\n');
  let ended = false;
  void stopped.then(() => {
    ended = true;
    screen.stop();
  });
  while (!ended) {
    try {
      await screen.follow(stopped);
      if (!ended) screen.show('Connection to the cluster-daemons terminated\n');
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      screen.show(`Waiting until cluster is available on this node ... (${error.reason})\n`);
    }
    if (!ended)
      await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, request.intervalMs).unref())]);
    if (!ended) screen.show('Reconnecting...\n');
  }
  return exitCode.ok;
}

class Screen {
  readonly #request: Request;
  readonly #io: ToolIo;
  readonly #render: Render;
  #cib: Element | undefined;
  #launcher: LauncherState | undefined;
  #client: CibClient | undefined;
  #timer: NodeJS.Timeout | undefined;
  #updates = 0;
  #drawnMs = 0;

  constructor(request: Request, io: ToolIo, render: Render) {
    this.#request = request;
    this.#io = io;
    this.#render = render;
  }

  /** Connects, draws, and follows the changes until the connection ends. @throws {SourceError} */
  async follow(stopped: Promise<void>): Promise<void> {
    this.#launcher = await launcherState();
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    this.#client = await openCib(this.#request.env, () => closed());
    const client = this.#client;
    client.onDiff((notify) => void this.#changed(notify));
    this.#cib = await queryCib(client);
    this.#draw();
    await Promise.race([gone, stopped]);
    this.stop();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#client?.close();
    this.#client = undefined;
  }

  show(text: string): void {
    this.#io.stdout(this.#io.isTty ? `${clearScreen}${text}` : text);
  }

  async #changed(notify: Element): Promise<void> {
    if (this.#cib === undefined || this.#client === undefined) return;
    const next = applyDiffNotification(this.#cib, notify);
    if (next === this.#cib) return;
    if (next === undefined) {
      try {
        this.#cib = await queryCib(this.#client);
      } catch {
        this.show('--- Stale data ---\n');
        return;
      }
    } else this.#cib = next;
    this.#updates += 1;
    const now = performance.now();
    if (now - this.#drawnMs > this.#request.intervalMs || this.#updates >= updatesBeforeRedraw) this.#draw();
    else this.#drawSoon();
  }

  #drawSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#draw(), quietMs);
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#cib === undefined) return;
    this.#updates = 0;
    this.#drawnMs = performance.now();
    const report = this.#render(this.#request, this.#cib, this.#launcher, this.#io);
    const { outputTo } = this.#request;
    if (outputTo === undefined || outputTo === '-') this.show(report);
    else this.#write(outputTo, report);
  }

  /** Puts the report into its file at once: a reader never sees half of it. */
  #write(file: string, report: string): void {
    const fresh = `${file}.${process.pid}.new`;
    try {
      writeFileSync(fresh, report);
      renameSync(fresh, file);
    } catch (error) {
      this.#io.stderr(`crm_mon: ${file} can't be written: ${(error as Error).message}\n`);
    }
  }
}
