// Second step of every `npm run ...`, under the workspace's own Node.js: one command, one module.

/** What `npm run NAME` does, loaded only when asked for. */
const commands: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<number> }>>> = {
  bench: () => import('../test/bench/src/run.ts'),
  build: () => import('./build.ts'),
  check: () => import('./check.ts'),
  'fuzz:ring': () => import('../test/fuzz/run.ts'),
  'fuzz:scheduler': () => import('../test/cts/fuzz.ts'),
  interop: () => import('../test/interop/src/run.ts'),
  lab: () => import('../test/lab/src/control.ts'),
  sim: () => import('../test/sim/run.ts'),
  start: () => import('../test/lab/src/start.ts'),
  test: () => import('./test.ts'),
};

const [name = '', ...args] = process.argv.slice(2);
const load = commands[name];
if (load === undefined) {
  console.error(`sanode: no such command: ${name}. There are: ${Object.keys(commands).join(', ')}.`);
  process.exitCode = 64;
} else {
  const command = await load();
  process.exitCode = await command.run(args[0] === '--' ? args.slice(1) : args);
}
