import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ProcessExitWatcher } from './process-exit.ts';

let watcher: ProcessExitWatcher;
beforeEach(() => {
  watcher = new ProcessExitWatcher();
});
afterEach(() => watcher.close());

/** A process that lives until it is killed. */
function sleeper(): { pid: number; kill(): void } {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  return { pid: child.pid ?? 0, kill: () => child.kill('SIGKILL') };
}

it('tells the end of each watched process once, in whatever order', async () => {
  const ended: string[] = [];
  const [first, second, third] = [sleeper(), sleeper(), sleeper()];
  watcher.watch(first.pid, () => ended.push('first'));
  watcher.watch(second.pid, () => ended.push('second'));
  // Added while the wait is on already.
  await new Promise((resolve) => setImmediate(resolve));
  watcher.watch(third.pid, () => ended.push('third'));
  third.kill();
  await expect.poll(() => ended, { interval: 5 }).toEqual(['third']);
  first.kill();
  await expect.poll(() => ended, { interval: 5 }).toEqual(['third', 'first']);
  second.kill();
  await expect.poll(() => ended, { interval: 5 }).toEqual(['third', 'first', 'second']);
});

it('tells at once of a process that is not there', async () => {
  const child = sleeper();
  child.kill();
  let told = 0;
  watcher.watch(2 ** 22 - 1, () => {
    told += 1;
  });
  await expect.poll(() => told, { interval: 5 }).toBe(1);
});

it('says nothing of a cancelled watch', async () => {
  const [cancelled, kept] = [sleeper(), sleeper()];
  const ended: string[] = [];
  watcher.watch(cancelled.pid, () => ended.push('cancelled')).cancel();
  watcher.watch(kept.pid, () => ended.push('kept'));
  cancelled.kill();
  kept.kill();
  await expect.poll(() => ended, { interval: 5 }).toEqual(['kept']);
});

it('does not keep its own process from ending while it waits', async () => {
  const module = fileURLToPath(new URL('./process-exit.ts', import.meta.url));
  const script = `import { ProcessExitWatcher } from '${module}';
new ProcessExitWatcher().watch(${process.pid}, () => {});
setTimeout(() => process.exit(3), 50);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore', timeout: 4000 });
  expect(await once(child, 'exit')).toEqual([3, null]);
});
