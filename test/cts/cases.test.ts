import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { casesFolder, compareWith } from './suite.ts';

const inputs = readdirSync(casesFolder).filter((file) => file.endsWith('.xml'));

describe('inputs on which ours once differed from the reference', () => {
  it.each(inputs)('%s gives the recorded summary, scores, dot and graph', async (file) => {
    process.env['TZ'] = 'UTC';
    const input = join(casesFolder, file);
    expect(await compareWith(input, [], (output) => input.replace(/xml$/, output))).toEqual({});
  });
});
