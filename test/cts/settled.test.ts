import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childElements, parseXml, printPretty } from '@sanode/xml';
import { afterAll, describe, expect, it } from 'vitest';
import { freshCluster } from './sized-cib.ts';
import { simulate } from './suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'sanode-settled-'));
const file = (name: string): string => join(folder, name);

afterAll(() => rmSync(folder, { recursive: true }));

async function graphOf(input: string): Promise<number> {
  await simulate(['-x', input, '-Q', '-G', file('graph.xml')]);
  return childElements(parseXml(readFileSync(file('graph.xml'), 'utf8')), 'synapse').length;
}

describe('a simulated transition', () => {
  it('leaves nothing to do', async () => {
    writeFileSync(file('fresh.xml'), printPretty(freshCluster({ nodes: 4, resources: 50 })));
    await simulate(['-x', file('fresh.xml'), '-S', '-Q', '-O', file('settled.xml')]);
    expect(await graphOf(file('fresh.xml'))).toBeGreaterThan(200);
    expect(await graphOf(file('settled.xml'))).toBe(0);
  });
});
