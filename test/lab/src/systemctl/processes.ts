import { readdirSync, readFileSync } from 'node:fs';

/** Variable in the environment of everything a service started, as systemd sets it: it marks whose child a process is. */
export const invocationVariable = 'INVOCATION_ID';

/** Processes that belong to a service: those with its mark, and their descendants. */
export function processesOf(invocation: string): number[] {
  const parents = new Map<number, number>();
  const members = new Set<number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const pid = Number(entry);
    const stat = read(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; it only waits for its parent.
    if (stat === '' || fields[0] === 'Z' || fields[0] === 'X') continue;
    parents.set(pid, Number(fields[1]));
    if (read(`/proc/${pid}/environ`).split('\0').includes(`${invocationVariable}=${invocation}`)) members.add(pid);
  }
  for (let grown = true; grown; ) {
    grown = false;
    for (const [pid, parent] of parents) {
      if (members.has(pid) || !members.has(parent)) continue;
      members.add(pid);
      grown = true;
    }
  }
  members.delete(process.pid);
  return [...members];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
