/**
 * `node test/cts/record.ts`: asks the reference again what it makes of every input in test/cts/cases. To be run after
 * adding one: an input on which ours once differed, cut down to what it takes.
 */
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordReference } from './reference.ts';
import { casesFolder, outputs } from './suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'sanode-cases-'));
try {
  const inputs = readdirSync(casesFolder).filter((file) => file.endsWith('.xml'));
  for (const file of inputs) copyFileSync(join(casesFolder, file), join(folder, file));
  recordReference(folder, 'separate');
  for (const file of inputs) {
    for (const output of outputs) {
      const name = file.replace(/xml$/, output);
      copyFileSync(join(folder, name), join(casesFolder, name));
    }
  }
  process.stdout.write(`${inputs.length} cases recorded\n`);
} finally {
  rmSync(folder, { recursive: true });
}
