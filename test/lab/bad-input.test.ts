import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TutorialCluster } from './src/cluster.ts';
import type { Lab } from './src/lab.ts';
import { type Machine, until } from './src/machine.ts';
import { buildTutorialLab, prepareNodes, tutorialPlan } from './src/tutorial.ts';

describe('refusals before there is a cluster', () => {
  let lab: Lab;
  let node: Machine;
  beforeAll(async () => {
    lab = await buildTutorialLab({ ...tutorialPlan, labName: 'refusals', spares: [], backends: [] });
    await prepareNodes(lab, { ...tutorialPlan, spares: [] });
    node = lab.machine('lb1');
  });
  afterAll(() => lab?.close());

  it.each([
    { what: 'a wrong password', command: ['pcs', 'cluster', 'auth', 'lb1', 'lb2', '-u', 'hacluster', '-p', 'wrong'] },
    { what: 'an unknown host', command: ['pcs', 'cluster', 'setup', '--name', 'ha_cluster', 'lb1', 'nohost'] },
  ])('refuses $what and changes nothing', async ({ command }) => {
    const result = await node.exec(command);
    expect(result.exitCode).not.toBe(0);
    expect(result.stdout + result.stderr).toMatch(/Error: /);
    const left = await node.exec(['sh', '-c', 'ls -A /etc/corosync/corosync.conf /var/lib/pcsd/tokens 2>/dev/null']);
    expect(left.stdout).toBe('');
  });

  it.each([
    {
      what: 'nonsense',
      conf: 'totem {\n  version: 2\n  nonsense\n',
      says: /bad-corosync\.conf:3: Line is not opening or closing section or key value/,
    },
    { what: 'knet', conf: 'totem {\n  version: 2\n  transport: knet\n}\n', says: /knet is not supported yet/ },
    {
      what: 'no nodes',
      conf: 'totem {\n  version: 2\n  transport: udpu\n  cluster_name: x\n}\n',
      says: /names no nodes: [\s\S]*No interfaces defined/,
    },
  ])('corosync refuses a configuration with $what', async ({ conf, says }) => {
    await node.exec(['tee', '/tmp/bad-corosync.conf'], { input: conf });
    const result = await node.exec(['corosync', '-f', '-c', '/tmp/bad-corosync.conf'], { timeoutMs: 20_000 });
    expect(result.exitCode).not.toBe(0);
    expect(result.exitCode).not.toBe(124);
    expect(result.stdout + result.stderr).toMatch(says);
  });
});

describe('refusals of a running cluster', () => {
  let cluster: TutorialCluster;
  let node: Machine;
  beforeAll(async () => {
    cluster = await TutorialCluster.start({ ...tutorialPlan, labName: 'refusals2', spares: [] });
    node = cluster.lab.machine('lb1');
  });
  afterAll(() => cluster?.close());

  it.each([
    { what: 'an unknown agent', command: ['resource', 'create', 'x', 'ocf:heartbeat:nosuch'] },
    { what: 'an unknown parameter', command: ['resource', 'create', 'x', 'ocf:heartbeat:nginx', 'colour=blue'] },
    {
      what: 'a second resource with the same id',
      command: ['resource', 'create', 'Virtual_IP', 'ocf:heartbeat:nginx'],
    },
    {
      what: 'an address that is none',
      command: ['resource', 'create', 'x', 'ocf:heartbeat:IPaddr2', 'ip=10.10.20.999'],
    },
    { what: 'a constraint on nothing', command: ['constraint', 'order', 'Virtual_IP', 'then', 'nosuch'] },
    { what: 'an unknown node', command: ['node', 'standby', 'nosuch'] },
  ])('refuses $what and changes nothing', async ({ command }) => {
    const before = await cluster.run(node, 'cibadmin', '-Q', '-o', 'configuration');
    const result = await node.exec(['pcs', ...command]);
    expect(result.exitCode).not.toBe(0);
    expect(result.stderr).toMatch(/^Error: .+/);
    expect(await cluster.run(node, 'cibadmin', '-Q', '-o', 'configuration')).toBe(before);
  });

  it('falls back to the newest good copy of a corrupt cib.xml and says so', async () => {
    const holder = await cluster.holder();
    const other = cluster.other(holder);
    await cluster.run(node, 'pcs', 'cluster', 'stop', '--all');
    for (const machine of [holder, other]) {
      await cluster.run(machine, 'sh', '-c', 'echo "<cib broken" > /var/lib/pacemaker/cib/cib.xml');
    }
    await cluster.run(node, 'pcs', 'cluster', 'start', '--all');
    await cluster.settled(60_000);
    const log = await cluster.run(node, 'cat', '/var/log/pacemaker/pacemaker.log');
    expect(log).toMatch(/cib\.xml/);
    expect(await until(async () => (await cluster.run(node, 'cibadmin', '-Q')).includes('Virtual_IP'), 5000)).toBe(
      true,
    );
  });
});
