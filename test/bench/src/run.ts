/** Benches by name, loaded only when asked for. */
const benches: Readonly<Record<string, () => Promise<{ run(args: readonly string[]): Promise<number> }>>> = {
  failover: () => import('./failover.ts'),
  scheduler: () => import('./scheduler.ts'),
  totem: () => import('./totem.ts'),
};

/** `npm run bench -- NAME [--json]`: ours beside the reference, ratios from one run. */
export async function run(args: readonly string[]): Promise<number> {
  const [name = '', ...rest] = args;
  const load = benches[name];
  if (load === undefined) {
    console.error(`sanode: no such bench: ${name}. There are: ${Object.keys(benches).join(', ')}.`);
    return 64;
  }
  return (await load()).run(rest);
}
