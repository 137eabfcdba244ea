import { announcedRelease } from '@sanode/runtime';
import { exitText } from '@sanode/scheduler/values/exit-text';

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Local time as ctime(3) writes it: `Sun Nov 22 08:41:02 2026`. */
export function localTime(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const day = String(date.getDate()).padStart(2);
  return `${weekdays[date.getDay()]} ${months[date.getMonth()]} ${day} ${clock} ${date.getFullYear()}`;
}

/** ISO 8601 with the local offset: `2026-11-22 08:45:28Z`, ` +01:00` where it is not UTC. */
export function isoTime(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000);
  const offsetMinutes = -date.getTimezoneOffset();
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  if (offsetMinutes === 0) return `${day} ${clock}Z`;
  const sign = offsetMinutes < 0 ? '-' : '+';
  const span = Math.abs(offsetMinutes);
  return `${day} ${clock} ${sign}${two(Math.floor(span / 60))}:${two(span % 60)}`;
}

/** A span for people: `10s`, `1m2.012s`. A part appears when more than one of its unit is left; in 3.0 one will do. */
export function readableInterval(ms: number, release: '2.1' | '3.0' = announcedRelease().name): string {
  if (ms === 0) return '0s';
  let rest = ms;
  let text = '';
  for (const [unitMs, letter] of [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
  ] as const) {
    if (rest < unitMs || (rest === unitMs && release === '2.1')) continue;
    text += `${Math.floor(rest / unitMs)}${letter}`;
    rest %= unitMs;
  }
  if (rest > 1000 || (rest === 1000 && release === '3.0')) {
    const fraction = rest % 1000;
    text += `${Math.floor(rest / 1000)}${fraction === 0 ? '' : `.${String(fraction).padStart(3, '0')}`}s`;
  } else if (rest > 0) text += `${rest}ms`;
  return text;
}

const ocfTexts: ReadonlyMap<number, string> = new Map([
  [0, 'ok'],
  [1, 'error'],
  [2, 'invalid parameter'],
  [3, 'unimplemented feature'],
  [4, 'insufficient privileges'],
  [5, 'not installed'],
  [6, 'not configured'],
  [7, 'not running'],
  [8, 'promoted'],
  [9, 'promoted (failed)'],
  [190, 'OCF_DEGRADED'],
  [191, 'promoted (degraded)'],
  [192, 'not supported (DEPRECATED STATUS)'],
  [193, 'unknown'],
  [194, 'cancelled (DEPRECATED STATUS)'],
  [195, 'not supported (DEPRECATED STATUS)'],
]);

/** Text of an agent's result (cli-crm.md 2); 3.0 has the tools' exit texts for them. */
export function ocfText(code: number, release: '2.1' | '3.0' = announcedRelease().name): string {
  if (release === '3.0') return exitText(code);
  return ocfTexts.get(code) ?? 'unknown';
}

const executionTexts: ReadonlyMap<number, string> = new Map([
  [-2, 'unknown'],
  [-1, 'pending'],
  [0, 'complete'],
  [1, 'Cancelled'],
  [2, 'Timed Out'],
  [3, 'NOT SUPPORTED'],
  [4, 'Error'],
  [5, 'Hard error'],
  [6, 'Fatal error'],
  [7, 'Not installed'],
  [8, 'Internal communication failure'],
  [9, 'Cannot execute now'],
  [10, 'No fence device'],
  [11, 'CIB secrets unavailable'],
]);

const newerExecutionTexts: ReadonlyMap<number, string> = new Map([
  [0, 'Done'],
  [2, 'Timed out'],
  [3, 'Unsupported'],
]);

/** Text of an execution status (cli-crm.md 2); 3.0 changed some. */
export function executionText(status: number, release: '2.1' | '3.0' = announcedRelease().name): string {
  const newer = release === '3.0' ? newerExecutionTexts.get(status) : undefined;
  return newer ?? executionTexts.get(status) ?? 'UNKNOWN!';
}

/** `3 nodes`, `1 node`. */
export function counted(count: number, singular: string, plural: string): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

const launcherTexts: Readonly<Record<string, string>> = {
  init: 'Initializing pacemaker',
  starting_daemons: 'Pacemaker daemons are starting',
  wait_for_ping: 'Waiting for startup trigger from SBD',
  running: 'Pacemaker is running',
  shutting_down: 'Pacemaker daemons are shutting down',
  shutdown_complete: 'Pacemaker daemons are shut down (reporting to SBD)',
};

/** What pacemakerd's state means (cli-crm.md 4.3). */
export function launcherText(state: string): string {
  return launcherTexts[state] ?? 'Invalid pacemakerd state';
}
