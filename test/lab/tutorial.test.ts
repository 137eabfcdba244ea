import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TutorialCluster } from './src/cluster.ts';
import type { Machine } from './src/machine.ts';
import { tutorialPlan } from './src/tutorial.ts';

describe('the tutorial, with other names and addresses', () => {
  let cluster: TutorialCluster;
  beforeAll(async () => {
    cluster = await TutorialCluster.start({
      labName: 'tutorial-names',
      clusterName: 'shop-front',
      nodes: [
        { name: 'beta', address: '10.44.7.12' },
        { name: 'alpha', address: '10.44.7.11' },
      ],
      spares: [],
      backends: [
        { name: 'shop-a', address: '10.44.7.101' },
        { name: 'shop-b', address: '10.44.7.102' },
      ],
      client: { name: 'visitor', address: '10.44.7.200' },
      address: '10.44.7.50',
    });
  });
  afterAll(() => cluster?.close());

  it('names the cluster and its nodes as they were given', async () => {
    const holder = await cluster.holder();
    expect(await cluster.run(holder, 'cat', '/etc/corosync/corosync.conf')).toContain('cluster_name: shop-front');
    await cluster.online(holder, ['alpha', 'beta']);
  });

  it('goes on undisturbed when the passive node loses its power', async () => {
    const holder = await cluster.holder();
    const passive = cluster.other(holder);
    await passive.powerOff();
    await cluster.online(holder, [holder.name]);
    await cluster.settled(30_000, holder);
    await cluster.serves();
    expect((await cluster.holder()).name).toBe(holder.name);
    await passive.powerOn();
    await cluster.online(holder, ['alpha', 'beta']);
    await cluster.settled(30_000, holder);
    expect((await cluster.holder()).name).toBe(holder.name);
  });

  it('moves the address when its node loses power, and does not move it back', async () => {
    const holder = await cluster.holder();
    const survivor = cluster.other(holder);
    const cutMs = Date.now();
    await holder.powerOff();
    const { deadMs } = await cluster.client.outage(cutMs, 30_000);
    expect(deadMs).toBeLessThan(4000);
    await cluster.settled(30_000, survivor);
    expect((await cluster.holder()).name).toBe(survivor.name);
    await holder.powerOn();
    await cluster.online(survivor, ['alpha', 'beta']);
    await cluster.settled(30_000, survivor);
    expect((await cluster.holder()).name).toBe(survivor.name);
  });
});

describe('trouble on two nodes', () => {
  let cluster: TutorialCluster;
  beforeAll(async () => {
    cluster = await TutorialCluster.start({ ...tutorialPlan, labName: 'trouble' });
  });
  afterAll(() => cluster?.close());

  it('restarts nginx where it was when it is killed', async () => {
    const holder = await cluster.holder();
    await killNginx(cluster, holder);
    expect((await cluster.holder()).name).toBe(holder.name);
    expect(await cluster.run(holder, 'crm_mon', '-1', '-f')).toMatch(/Web_Cluster: .*fail-count=1/);
  });

  it('restarts it again and again, however soon after the last time it is killed', async () => {
    const holder = await cluster.holder();
    for (let count = 2; count <= 8; count += 1) {
      await killNginx(cluster, holder);
      expect(await cluster.run(holder, 'crm_mon', '-1', '-f')).toMatch(
        new RegExp(`Web_Cluster: .*fail-count=${count}`),
      );
    }
    expect((await cluster.holder()).name).toBe(holder.name);
  });

  it('empties a node on standby and leaves things where they are on unstandby', async () => {
    const holder = await cluster.holder();
    const other = cluster.other(holder);
    await cluster.run(other, 'pcs', 'node', 'standby', holder.name);
    await cluster.settled();
    expect((await cluster.holder()).name).toBe(other.name);
    await cluster.run(other, 'pcs', 'node', 'unstandby', holder.name);
    await cluster.online(
      other,
      cluster.plan.nodes.map(({ name }) => name),
    );
    await cluster.settled();
    expect((await cluster.holder()).name).toBe(other.name);
  });

  it('heals after a pulled cable: one holder again, both online', async () => {
    const holder = await cluster.holder();
    const other = cluster.other(holder);
    const cutMs = Date.now();
    await holder.setCable(false);
    await cluster.client.outage(cutMs, 30_000);
    await holder.setCable(true);
    await cluster.online(
      other,
      cluster.plan.nodes.map(({ name }) => name),
    );
    await cluster.settled();
    await cluster.holder();
    await cluster.serves();
  });

  it('keeps the configuration over a clean stop and start of the whole cluster', async () => {
    const [first] = cluster.nodes;
    if (first === undefined) throw new Error('no node is on');
    const before = await cluster.run(first, 'cibadmin', '-Q', '-o', 'configuration');
    await cluster.run(first, 'pcs', 'cluster', 'stop', '--all');
    await expect(cluster.holder()).rejects.toThrow('no node');
    await cluster.run(first, 'pcs', 'cluster', 'start', '--all');
    await cluster.settled(60_000);
    await cluster.serves();
    expect(await cluster.run(first, 'cibadmin', '-Q', '-o', 'resources')).toContain('id="Virtual_IP"');
    expect(withoutVersions(await cluster.run(first, 'cibadmin', '-Q', '-o', 'configuration'))).toBe(
      withoutVersions(before),
    );
  });

  it('takes a third node in', async () => {
    const [first] = cluster.nodes;
    const spare = cluster.plan.spares[0];
    if (first === undefined || spare === undefined) throw new Error('no node to add');
    const holder = await cluster.holder();
    await cluster.run(first, 'pcs', 'cluster', 'auth', spare.name, '-u', 'hacluster', '-p', 'tutorial-lab');
    await cluster.run(first, 'pcs', 'cluster', 'node', 'add', spare.name, '--start', '--enable');
    await cluster.online(first, [...cluster.plan.nodes.map(({ name }) => name), spare.name]);
    await cluster.settled();
    expect((await cluster.holder()).name).toBe(holder.name);
  });

  it('keeps quorum with two of three when a cable is pulled; the lone node stops its resources', async () => {
    const holder = await cluster.holder();
    const cutMs = Date.now();
    await holder.setCable(false);
    await cluster.client.outage(cutMs, 30_000);
    const others = cluster.nodes.filter((node) => node !== holder);
    await cluster.online(
      others[0] as (typeof others)[number],
      others.map(({ name }) => name),
    );
    await cluster.settled(30_000, others[0]);
    await cluster.holder();
    await holder.setCable(true);
    await cluster.online(
      holder,
      cluster.nodes.map(({ name }) => name),
    );
    await cluster.settled();
  });

  it('lets the third node go again: two_node is back and nothing remembers it', async () => {
    const [first] = cluster.nodes;
    const spare = cluster.plan.spares[0];
    if (first === undefined || spare === undefined) throw new Error('no node to remove');
    await cluster.run(first, 'pcs', 'cluster', 'node', 'remove', spare.name);
    await cluster.online(
      first,
      cluster.plan.nodes.map(({ name }) => name),
    );
    await cluster.settled();
    expect((await cluster.holder()).name).not.toBe(spare.name);
    await cluster.serves();
    expect(await cluster.run(first, 'crm_mon', '-1')).toContain(`${cluster.plan.nodes.length} nodes configured`);
    expect(await cluster.run(first, 'cibadmin', '-Q')).not.toContain(spare.name);
    expect((await first.exec(['corosync-quorumtool', '-s'])).stdout).toMatch(/Flags: +2Node Quorate/);
  });
});

/** Kills nginx's processes all at once, and waits until the address answers again and the cluster is at rest. */
async function killNginx(cluster: TutorialCluster, holder: Machine): Promise<void> {
  const pids = await holder.pidsOf('nginx: ');
  expect(pids.length).toBeGreaterThan(1);
  const killedMs = Date.now();
  // A worker may be gone before its turn comes.
  await cluster.run(holder, 'sh', '-c', 'kill -9 "$@" 2>/dev/null || true', 'sh', ...pids.map(String));
  await cluster.client.outage(killedMs, 30_000);
  await cluster.settled();
}

/** The configuration without what every start renews. */
function withoutVersions(text: string): string {
  return text
    .replaceAll(/<nvpair[^>]*(?:dc-version|have-watchdog|last-lrm-refresh)[^>]*>/g, '')
    .replaceAll(/\s+/g, ' ');
}
