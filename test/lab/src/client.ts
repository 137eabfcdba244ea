import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Machine, until } from './machine.ts';

const probeScript = fileURLToPath(new URL('./http-probe.ts', import.meta.url));

/** How long a request may hang before it counts as failed. */
const requestTimeoutMs = 500;

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
    this.#process = machine.spawn(
      [process.execPath, probeScript, url, '20', String(requestTimeoutMs), String(seconds)],
      'pipe',
    );
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
   * Waits until the trouble that began at `sinceMs` (ms since 1970) is over, and measures it: the longest time without
   * a good answer, and when the answer came that ended it. Over means: good answers only for longer than a request
   * may hang. Trouble that no request noticed within `noticedWithinMs` is measured too: it is one interval long.
   * @throws {Error} when the address does not answer again within `timeoutMs`
   */
  async outage(
    sinceMs: number,
    timeoutMs: number,
    noticedWithinMs = 3000,
  ): Promise<{ deadMs: number; backAtMs: number }> {
    const over = await until(() => {
      const failures = this.answers.filter(({ ok, startMs }) => !ok && startMs >= sinceMs - requestTimeoutMs);
      if (failures.length === 0) return Date.now() > sinceMs + noticedWithinMs;
      const lastFailureMs = Math.max(...failures.map(({ startMs }) => startMs));
      const good = this.answers
        .filter(({ ok, startMs }) => ok && startMs > lastFailureMs)
        .map(({ startMs }) => startMs);
      return good.length > 1 && Math.max(...good) - Math.min(...good) > requestTimeoutMs + 100;
    }, timeoutMs);
    if (!over) throw new Error(`the address did not answer within ${timeoutMs} ms`);
    const ends = this.answers.filter(({ ok, endMs }) => ok && endMs >= sinceMs - 200).map(({ endMs }) => endMs);
    ends.sort((a, b) => a - b);
    let worst = { deadMs: 0, backAtMs: sinceMs };
    for (const [index, endMs] of ends.entries()) {
      const deadMs = endMs - (ends[index - 1] ?? endMs);
      if (deadMs > worst.deadMs) worst = { deadMs, backAtMs: endMs };
    }
    return worst;
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }
}

function parseAnswer(line: string): ProbeAnswer {
  const [startMs = '0', endMs = '0', verdict = '', ...words] = line.split(' ');
  return { startMs: Number(startMs), endMs: Number(endMs), ok: verdict === 'ok', text: words.join(' ') };
}
