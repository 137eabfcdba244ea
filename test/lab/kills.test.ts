import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TutorialCluster } from './src/cluster.ts';
import type { Machine } from './src/machine.ts';
import { tutorialPlan } from './src/tutorial.ts';

/** Each daemon, and those that have to start anew with it (docs/operations.md). */
const daemons: readonly (readonly [daemon: string, restarting: readonly string[]])[] = [
  ['cib', ['crmd']],
  ['attrd', []],
  ['lrmd', ['crmd']],
  ['pengine', []],
  ['crmd', []],
  ['pacemakerd', []],
  ['corosync', ['cib', 'attrd', 'crmd']],
];

describe('a daemon that is killed', () => {
  let cluster: TutorialCluster;
  let holder: Machine;
  let passive: Machine;
  let nginx: number | undefined;
  beforeAll(async () => {
    cluster = await TutorialCluster.start({ ...tutorialPlan, labName: 'kills' });
    holder = await cluster.holder();
    passive = cluster.other(holder);
    [nginx] = await holder.pidsOf('nginx: master process');
    expect(nginx).toBeGreaterThan(0);
  });
  afterAll(() => cluster?.close());

  const places = [
    ['the active node while it is DC', () => ({ victim: holder, dc: holder })],
    ['the active node while the other is DC', () => ({ victim: holder, dc: passive })],
    ['the passive node', () => ({ victim: passive, dc: undefined })],
  ] as const;
  const cases = places.flatMap(([place, nodes]) =>
    daemons.map(([daemon, restarting]) => ({ daemon, restarting, place, nodes })),
  );

  it.each(cases)('keeps resources where they run: $daemon on $place', async ({ daemon, restarting, nodes }) => {
    const { victim, dc } = nodes();
    if (dc !== undefined) await cluster.makeDc(dc);
    const sinceMs = Date.now();
    await cluster.kill(victim, daemon, restarting);
    await cluster.joined(victim);
    await cluster.online(cluster.other(victim), [holder.name, passive.name]);
    await cluster.settled();
    expect((await cluster.holder()).name).toBe(holder.name);
    expect((await holder.pidsOf('nginx: master process'))[0], 'nginx was not restarted').toBe(nginx);
    const lost = cluster.client.answers.filter(({ ok, startMs }) => !ok && startMs > sinceMs);
    expect(lost, 'no request failed').toEqual([]);
    await expect
      .poll(() => orphanedWorkers(victim), { message: 'workers of a dead executor', timeout: 5000 })
      .toEqual([]);
    expect(await cluster.run(passive, 'crm_mon', '-1', '-f')).not.toMatch(/fail-count|Failed/);
  });
});

/** Workers of an executor that is gone: they are children of PID 1 then. */
async function orphanedWorkers(node: Machine): Promise<string[]> {
  const { stdout } = await node.exec(['ps', '--ppid', '1', '-o', 'args=', '-ww']);
  return stdout.split('\n').filter((line) => line.includes('sanode-lrmd-worker'));
}
