import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpClient } from '../../lab/src/client.ts';
import { Lab } from '../../lab/src/lab.ts';
import { type Machine, mustOn, until } from '../../lab/src/machine.ts';

/** Programs that a bench's machines run. */
export interface Stack {
  readonly name: 'ours' | 'reference';
  /** Folder laid over /usr/sbin; undefined: what the distribution installed. */
  readonly sbinDir: string | undefined;
  readonly usrLibDir: string | undefined;
}

const address = '10.10.30.69';
const nodes = [
  { name: 'lb1', address: '10.10.30.61' },
  { name: 'lb2', address: '10.10.30.62' },
];

/** Milliseconds that each kind of trouble takes until the address answers again. */
export interface BenchCluster {
  /** From the start of both nodes' daemons, configuration on disk: until a DC was ready, until the address answered. */
  coldStart(): Promise<[number, number]>;
  powerCut(): Promise<number>;
  cableCut(): Promise<number>;
  nginxKilled(): Promise<number>;
  standby(): Promise<number>;
  close(): Promise<void>;
}

/** Two nodes and a client, configured the same way with the tools that both stacks have, and at rest. */
export async function startBenchCluster(stack: Stack): Promise<BenchCluster> {
  const empty = join(tmpdir(), 'sanode-bench-empty');
  mkdirSync(empty, { recursive: true });
  const lab = await Lab.create({
    name: `bench-${stack.name}`,
    machines: [...nodes, { name: 'client', address: '10.10.30.100' }],
    sbinDir: stack.sbinDir ?? empty,
    usrLibDir: stack.usrLibDir ?? empty,
  });
  try {
    for (const { name } of nodes) writeConfiguration(lab.machine(name));
    await lab.powerOnAll();
    const cluster = new Cluster(lab, stack);
    await cluster.configure();
    return cluster;
  } catch (error) {
    await lab.close();
    throw error;
  }
}

class Cluster implements BenchCluster {
  readonly #lab: Lab;
  readonly #stack: Stack;
  readonly #client: HttpClient;

  constructor(lab: Lab, stack: Stack) {
    this.#lab = lab;
    this.#stack = stack;
    this.#client = new HttpClient(lab.machine('client'), `http://${address}/`, 900);
  }

  get #nodes(): Machine[] {
    return nodes.map(({ name }) => this.#lab.machine(name));
  }

  async configure(): Promise<void> {
    for (const node of this.#nodes) {
      await mustOn(node, ['systemctl', 'enable', 'corosync', 'pacemaker']);
    }
    await this.#startDaemons();
    const first = this.#nodes[0] as Machine;
    await this.#settled([]);
    for (const [scope, xml] of configuration) {
      await mustOn(first, ['cibadmin', '-M', '-c', '-o', scope, '-X', xml]);
    }
    await this.#settled(['address', 'web']);
    await this.#onDisk();
  }

  /**
   * Waits until the configuration is on every disk. The reference writes after it has answered, and was seen to leave
   * the last of several quick changes unwritten until the next one: a changed comment makes it write.
   */
  async #onDisk(): Promise<void> {
    const [first] = this.#nodes as [Machine];
    const last = configuration.at(-1)?.[1].match(/id="([^"]+)"/)?.[1] ?? '';
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const files = await Promise.all(
        this.#nodes.map((node) => mustOn(node, ['cat', '/var/lib/pacemaker/cib/cib.xml'])),
      );
      if (files.every((file) => file.includes(`id="${last}"`))) return;
      await mustOn(first, ['crm_attribute', '-t', 'crm_config', '-n', 'bench-touch', '-v', String(attempt)]);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error(`the configuration is not on disk (${this.#stack.name})`);
  }

  async coldStart(): Promise<[number, number]> {
    await Promise.all(this.#nodes.map((node) => mustOn(node, ['systemctl', 'stop', 'pacemaker', 'corosync'])));
    for (const node of this.#nodes) await mustOn(node, ['sh', '-c', ': > /var/log/pacemaker/pacemaker.log']);
    const startMs = Date.now();
    const started = this.#startDaemons();
    const dcAt = this.#dcReady();
    const { backAtMs } = await this.#client.outage(startMs, 60_000);
    await started;
    await this.#settled(['address', 'web']);
    return [(await dcAt) - startMs, backAtMs - startMs];
  }

  async powerCut(): Promise<number> {
    const holder = await this.#holder();
    const cutMs = Date.now();
    await holder.powerOff();
    const { deadMs } = await this.#client.outage(cutMs, 60_000);
    await holder.powerOn();
    await this.#settled(['address', 'web']);
    return deadMs;
  }

  async cableCut(): Promise<number> {
    const holder = await this.#holder();
    const cutMs = Date.now();
    await holder.setCable(false);
    const { deadMs } = await this.#client.outage(cutMs, 60_000);
    await holder.setCable(true);
    await this.#settled(['address', 'web']);
    return deadMs;
  }

  async nginxKilled(): Promise<number> {
    const holder = await this.#holder();
    const pids = await holder.pidsOf('nginx: ');
    const killedMs = Date.now();
    await mustOn(holder, ['kill', '-9', ...pids.map(String)]);
    const { deadMs } = await this.#client.outage(killedMs, 60_000);
    await this.#settled(['address', 'web']);
    return deadMs;
  }

  async standby(): Promise<number> {
    const holder = await this.#holder();
    const sinceMs = Date.now();
    await mustOn(holder, ['crm_attribute', '-N', holder.name, '-n', 'standby', '-v', 'on']);
    const { deadMs } = await this.#client.outage(sinceMs, 60_000, 20_000);
    await mustOn(holder, ['crm_attribute', '-N', holder.name, '-n', 'standby', '-D']);
    await this.#settled(['address', 'web']);
    return deadMs;
  }

  async close(): Promise<void> {
    this.#client.stop();
    await this.#lab.close();
  }

  async #startDaemons(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => mustOn(node, ['systemctl', 'start', 'corosync', 'pacemaker'])));
  }

  /** When the first node had a DC with a finished join, ms since 1970, from the nodes' own logs. */
  async #dcReady(): Promise<number> {
    const sign = /S_FINALIZE_JOIN -> S_POLICY_ENGINE/;
    const found = await until(() => this.#nodes.some((node) => sign.test(logOf(node))), 60_000, 10);
    if (!found) throw new Error(`no DC within a minute (${this.#stack.name})`);
    return Date.now();
  }

  async #holder(): Promise<Machine> {
    for (const node of this.#nodes) {
      const { stdout } = await node.exec(['ip', '-o', '-4', 'addr', 'show', 'to', `${address}/32`]);
      if (stdout.includes(address)) return node;
    }
    throw new Error(`no node holds ${address} (${this.#stack.name})`);
  }

  /** Waits until both nodes are online, the DC is idle and the resources are started. */
  async #settled(resources: readonly string[]): Promise<void> {
    const node = this.#nodes[0] as Machine;
    let last = '';
    const settled = await until(
      async () => {
        last = (await node.exec(['crm_mon', '-1'])).stdout;
        if (!/Online: \[ lb1 lb2 \]|lb1.*online[\s\S]*lb2.*online/i.test(last)) return false;
        if (!resources.every((id) => new RegExp(`\\* ${id}\\s.*:\\s+Started lb\\d`).test(last))) return false;
        const dc = last.match(/Current DC: (\S+)/)?.[1] ?? '';
        last += (await node.exec(['crmadmin', '-S', dc])).stdout;
        return last.includes('S_IDLE');
      },
      90_000,
      200,
    );
    if (!settled) throw new Error(`the cluster (${this.#stack.name}) did not settle:\n${last}`);
  }
}

function logOf(node: Machine): string {
  try {
    return readFileSync(`/proc/${node.initPid}/root/var/log/pacemaker/pacemaker.log`, 'utf8');
  } catch {
    return '';
  }
}

/** What is created in the CIB, the same for both: the tutorial's resources and constraints. */
const configuration: readonly (readonly [string, string])[] = [
  [
    'crm_config',
    '<cluster_property_set id="cib-bootstrap-options"><nvpair id="o-stonith" name="stonith-enabled" value="false"/></cluster_property_set>',
  ],
  [
    'rsc_defaults',
    '<meta_attributes id="rsc-options"><nvpair id="o-sticky" name="resource-stickiness" value="INFINITY"/></meta_attributes>',
  ],
  [
    'resources',
    `<primitive id="address" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="address-p"><nvpair id="address-ip" name="ip" value="${address}"/><nvpair id="address-mask" name="cidr_netmask" value="32"/></instance_attributes><operations><op id="address-m" name="monitor" interval="30s"/><op id="address-s" name="start" interval="0s" timeout="20s"/><op id="address-t" name="stop" interval="0s" timeout="20s"/></operations></primitive>`,
  ],
  [
    'resources',
    '<primitive id="web" class="ocf" provider="heartbeat" type="nginx"><instance_attributes id="web-p"><nvpair id="web-c" name="configfile" value="/etc/nginx/nginx.conf"/></instance_attributes><operations><op id="web-m" name="monitor" interval="5s" timeout="30s"/><op id="web-s" name="start" interval="0s" timeout="40s"/><op id="web-t" name="stop" interval="0s" timeout="60s"/></operations></primitive>',
  ],
  ['constraints', '<rsc_colocation id="c1" rsc="web" with-rsc="address" score="INFINITY"/>'],
  ['constraints', '<rsc_order id="c2" first="address" then="web" kind="Mandatory"/>'],
];

function writeConfiguration(machine: Machine): void {
  const etc = join(machine.diskDir, 'etc');
  mkdirSync(join(etc, 'corosync'), { recursive: true });
  mkdirSync(join(etc, 'nginx'), { recursive: true });
  for (const folder of ['cluster', 'pacemaker', 'corosync', 'nginx']) {
    mkdirSync(join(machine.diskDir, 'var', 'log', folder), { recursive: true, mode: 0o777 });
  }
  const list = nodes.map(
    ({ name, address: ring }, index) =>
      `  node {\n    ring0_addr: ${ring}\n    name: ${name}\n    nodeid: ${index + 1}\n  }\n`,
  );
  writeFileSync(
    join(etc, 'corosync', 'corosync.conf'),
    `totem {\n  version: 2\n  cluster_name: bench\n  transport: udpu\n  token: 1000\n}\nnodelist {\n${list.join('')}}\n` +
      'quorum {\n  provider: corosync_votequorum\n  two_node: 1\n}\n' +
      'logging {\n  to_logfile: yes\n  logfile: /var/log/cluster/corosync.log\n  to_syslog: no\n  timestamp: hires\n}\n',
  );
  writeFileSync(
    join(etc, 'nginx', 'nginx.conf'),
    'user www-data;\nworker_processes 1;\npid /run/nginx.pid;\nerror_log /var/log/nginx/error.log;\n' +
      'events { worker_connections 256; }\nhttp {\n  access_log off;\n  server {\n    listen 80;\n' +
      `    location / { return 200 "${machine.name}\\n"; }\n  }\n}\n`,
  );
}
