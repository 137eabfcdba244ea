import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Machine, until } from './machine.ts';

const probeScript = fileURLToPath(new URL('./http-probe.ts', import.meta.url));

/** One answer, or one failure to get one; times in ms since 1970. */
export interface ProbeAnswer {
  readonly startMs: number;
  readonly endMs: number;
  readonly ok: boolean;
  /** The body, or why there was none. */
  readonly text: string;
}

/** A client that keeps asking an address, and remembers every answer. */
export class HttpClient {
  readonly answers: ProbeAnswer[] = [];
  readonly #process: ChildProcess;

  /** @param seconds after which it stops by itself */
  constructor(machine: Machine, url: string, seconds = 120) {
    this.#process = machine.spawn([process.execPath, probeScript, url, '20', '500', String(seconds)], 'pipe');
    let rest = '';
    this.#process.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.answers.push(parseAnswer(line));
    });
  }

  /** Waits until each of the bodies was served to a request made after `sinceMs`. @returns whether they were in time */
  async gets(bodies: readonly string[], timeoutMs: number, sinceMs = Date.now()): Promise<boolean> {
    return until(() => {
      const got = new Set(this.answers.filter(({ ok, startMs }) => ok && startMs >= sinceMs).map(({ text }) => text));
      return bodies.every((body) => got.has(body));
    }, timeoutMs);
  }

  /**
   * Waits until the address answers again after it was lost.
   * @param sinceMs when it was lost, ms since 1970
   * @returns ms from the last good answer before to the first good one after it, and when that came
   */
  async outage(sinceMs: number, timeoutMs: number): Promise<{ deadMs: number; backAtMs: number }> {
    let back: ProbeAnswer | undefined;
    // An answer that was on its way when the power went may still arrive: only a request made later counts.
    const found = await until(() => {
      back = this.answers.find(({ ok, startMs }) => ok && startMs > sinceMs);
      return back !== undefined;
    }, timeoutMs);
    if (!found || back === undefined) throw new Error(`the address did not answer within ${timeoutMs} ms`);
    const before = this.answers.filter(
      ({ ok, endMs, startMs }) => ok && startMs <= sinceMs && endMs <= (back?.endMs ?? 0),
    );
    const lastMs = Math.max(...before.map(({ endMs }) => endMs));
    return { deadMs: back.endMs - lastMs, backAtMs: back.endMs };
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }
}

function parseAnswer(line: string): ProbeAnswer {
  const [startMs = '0', endMs = '0', verdict = '', ...words] = line.split(' ');
  return { startMs: Number(startMs), endMs: Number(endMs), ok: verdict === 'ok', text: words.join(' ') };
}
