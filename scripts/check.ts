// `npm run check`: types, format and lint, and which package may import which.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Tiers of the packages: one may depend on those of earlier tiers, and on those before it in its own. */
const tiers: readonly (readonly string[])[] = [
  ['runtime', 'xml', 'sim', 'ipc'],
  ['conf', 'rules', 'ocf', 'totem'],
  ['cluster'],
  ['messages', 'peers'],
  ['cib'],
  ['scheduler'],
  ['transition', 'executor', 'attributes'],
  ['controller'],
  ['status'],
  ['cli'],
];

/** Sentences about dependencies that point the wrong way, or that no package.json declares. */
export function dependencyProblems(): string[] {
  const rank = new Map(tiers.flat().map((name, index) => [name, index]));
  const problems: string[] = [];
  for (const name of readdirSync(join(root, 'packages'))) {
    const own = rank.get(name);
    if (own === undefined) {
      problems.push(`packages/${name} is in no tier of scripts/check.ts`);
      continue;
    }
    for (const [file, imported] of importsOf(join(root, 'packages', name, 'src'))) {
      const other = rank.get(imported);
      const isTest = /\.test\.ts$|\/testing\//.test(file);
      if (imported === name || isTest) continue;
      if (other === undefined) problems.push(`${file} imports @sanode/${imported}, which is no package of packages/`);
      else if (other > own) problems.push(`${file} imports @sanode/${imported}, which is above packages/${name}`);
    }
  }
  return problems;
}

function* importsOf(folder: string): Generator<[string, string]> {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts')) continue;
    const file = join(folder, entry);
    for (const match of readFileSync(file, 'utf8').matchAll(/from '@sanode\/([a-z-]+)/g))
      yield [file, match[1] as string];
  }
}

export async function run(): Promise<number> {
  const bin = (name: string) => join(root, 'node_modules', '.bin', name);
  const types = spawnSync(bin('tsc'), ['-p', root], { stdio: 'inherit' }).status ?? 1;
  const lint = spawnSync(bin('biome'), ['ci', root], { stdio: 'inherit' }).status ?? 1;
  const problems = dependencyProblems();
  for (const problem of problems) console.error(`dependency: ${problem}`);
  const failed = types !== 0 || lint !== 0 || problems.length > 0;
  console.log(failed ? 'check: failed' : 'check: types, lint and dependency directions are fine');
  return failed ? 1 : 0;
}
