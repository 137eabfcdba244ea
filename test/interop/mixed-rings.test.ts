import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installInteropPrograms, mixesOf } from './src/mixes.ts';
import { installedRelease } from './src/release.ts';
import { InteropRing } from './src/ring.ts';
import { fullCounts, scenarios, shortCounts } from './src/scenarios.ts';

/** `npm test -- --full`: every mix; those over IPv4 with the whole counts, as `npm run interop -- --full`. */
const full = process.env['SANODE_TEST_FULL'] === '1';
const all = (['ipv4', 'ipv6', 'link-local'] as const).flatMap(mixesOf);
/** What a short run tries: either kind in the majority, both transports, the plainest and the hardest addresses. */
const shortMixes = all.filter(
  ({ name, family }) => `${name} ${family}` === 'udpu-3r3o ipv4' || `${name} ${family}` === 'udp-1r2o link-local',
);
const scenarioTimeoutMs = full ? 4 * 3_600_000 : 300_000;
const distDir = fileURLToPath(new URL('../../dist', import.meta.url));

describe.each(full ? all : shortMixes)('$name $family', (mix) => {
  let ring: InteropRing;
  beforeAll(async () => {
    installInteropPrograms();
    ring = await InteropRing.create({ ...mix, distDir, releases: [installedRelease()] });
  });
  afterAll(() => ring?.close());

  it.each(scenarios)(
    '$name',
    async ({ run }) => {
      expect(await run(ring, full && mix.family === 'ipv4' ? fullCounts : shortCounts)).toMatch(/\d/);
    },
    scenarioTimeoutMs,
  );
});
