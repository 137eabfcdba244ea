import type { Machine } from './machine.ts';

/** One part of a failover's time. */
export interface FailoverPart {
  readonly part: 'detect' | 'agree' | 'start';
  readonly ms: number;
  readonly meaning: string;
}

interface LogLine {
  readonly time: string;
  readonly event?: string;
}

/**
 * Where a failover's time went, from the survivor's own logs: until its ring knew of the loss (detect), until the
 * cluster had decided what to do (agree), until the client had its answer (start).
 * @param cutMs when the power was cut, ms since 1970 @param backAtMs when the client had its first answer
 */
export async function failoverStory(survivor: Machine, cutMs: number, backAtMs: number): Promise<FailoverPart[]> {
  const { stdout } = await survivor.exec(['cat', '/var/log/pacemaker/pacemaker.log']);
  const events = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine)
    .filter(({ event, time }) => event !== undefined && Date.parse(time) >= cutMs);
  const first = (name: string): number | undefined => {
    const found = events.find(({ event }) => event === name);
    return found === undefined ? undefined : Date.parse(found.time);
  };
  const detectedMs = first('quorum-change');
  const agreedMs = first('transition-started');
  if (detectedMs === undefined || agreedMs === undefined) return [];
  return [
    { part: 'detect', ms: detectedMs - cutMs, meaning: 'until the ring had found the loss and formed again' },
    { part: 'agree', ms: agreedMs - detectedMs, meaning: 'until the cluster had a DC and knew what to do' },
    { part: 'start', ms: backAtMs - agreedMs, meaning: 'until address and nginx ran and the client had an answer' },
  ];
}
