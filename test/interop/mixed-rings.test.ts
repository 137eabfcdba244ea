import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installInteropPrograms, mixesOf } from './src/mixes.ts';
import { installedRelease } from './src/release.ts';
import { InteropRing } from './src/ring.ts';
import { fullCounts, scenarios, shortCounts } from './src/scenarios.ts';

/** `npm test -- --full`: every mix with the whole counts, as `npm run interop -- --full`. */
const full = process.env['SANODE_TEST_FULL'] === '1';
/** What a short run tries: either kind in the majority, and both transports. */
const shortMixes = ['udpu-3r3o', 'udp-1r2o'];
const scenarioTimeoutMs = full ? 4 * 3_600_000 : 300_000;
const distDir = fileURLToPath(new URL('../../dist', import.meta.url));

describe.each(mixesOf('ipv4').filter(({ name }) => full || shortMixes.includes(name)))('$name', (mix) => {
  let ring: InteropRing;
  beforeAll(async () => {
    installInteropPrograms();
    ring = await InteropRing.create({ ...mix, distDir, releases: [installedRelease()] });
  });
  afterAll(() => ring?.close());

  it.each(scenarios)(
    '$name',
    async ({ run }) => {
      expect(await run(ring, full ? fullCounts : shortCounts)).toMatch(/\d/);
    },
    scenarioTimeoutMs,
  );
});
