/** `node test/cts/run.ts [NAME...]`: prints what differs, and `N of M`. */
import { outputs, runCase, suiteCases } from './suite.ts';

const names = process.argv.slice(2);
const cases = suiteCases().filter(({ name }) => names.length === 0 || names.includes(name));
let equal = 0;
const differing = new Map<string, number>();
for (const each of cases) {
  const { name, differences } = await runCase(each);
  const found = outputs.filter((output) => differences[output] !== undefined);
  if (found.length === 0) equal += 1;
  for (const output of found) differing.set(output, (differing.get(output) ?? 0) + 1);
  for (const output of found) process.stdout.write(`${name} ${output}: ${differences[output]}\n`);
}
process.stdout.write(`${[...differing].map(([output, count]) => `${output} differs ${count}`).join(', ')}\n`);
process.stdout.write(`${equal} of ${cases.length}\n`);
