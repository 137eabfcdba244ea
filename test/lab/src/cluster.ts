import { HttpClient } from './client.ts';
import type { Lab } from './lab.ts';
import { type Machine, mustOn, until } from './machine.ts';
import { addressHolders, buildTutorialLab, prepareNodes, type TutorialPlan, typeTutorial } from './tutorial.ts';

/** A running tutorial cluster, as tests look at it: from outside, through its address and its tools. */
export class TutorialCluster {
  readonly lab: Lab;
  readonly plan: TutorialPlan;
  readonly client: HttpClient;

  private constructor(lab: Lab, plan: TutorialPlan, client: HttpClient) {
    this.lab = lab;
    this.plan = plan;
    this.client = client;
  }

  /** Builds the lab, types the tutorial, and waits until the client gets every backend's answer. */
  static async start(plan: TutorialPlan): Promise<TutorialCluster> {
    const lab = await buildTutorialLab(plan);
    try {
      await prepareNodes(lab, plan);
      await typeTutorial(lab, plan);
      const client = new HttpClient(lab.machine(plan.client.name), `http://${plan.address}/`, 600);
      const cluster = new TutorialCluster(lab, plan, client);
      await cluster.serves();
      await cluster.settled();
      return cluster;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** The nodes that are on. */
  get nodes(): Machine[] {
    const known = [...this.plan.nodes, ...this.plan.spares].map(({ name }) => this.lab.machine(name));
    return known.filter((machine) => machine.isOn);
  }

  /** The one node that holds the address. @throws {Error} when none or several do */
  async holder(): Promise<Machine> {
    const holders = await addressHolders(this.lab, this.plan);
    if (holders.length !== 1) {
      throw new Error(`${this.plan.address} is on ${holders.map(({ name }) => name).join(' and ') || 'no node'}`);
    }
    return holders[0] as Machine;
  }

  other(machine: Machine): Machine {
    const other = this.plan.nodes.map(({ name }) => this.lab.machine(name)).find((node) => node !== machine);
    if (other === undefined) throw new Error('the cluster has one node only');
    return other;
  }

  /** Waits until every backend answers through the address, asked from now on. */
  async serves(timeoutMs = 30_000): Promise<void> {
    const bodies = this.plan.backends.map(({ name }) => name);
    if (await this.client.gets(bodies, timeoutMs)) return;
    const node = this.nodes[0];
    const status = node === undefined ? '' : (await node.exec(['crm_mon', '-1', '-r', '-f'])).stdout;
    throw new Error(`http://${this.plan.address}/ does not answer from ${bodies.join(' and ')}\n${status}`);
  }

  /** Waits until the cluster is at rest: its DC idle, both resources started on one node. */
  async settled(timeoutMs = 30_000, node = this.nodes[0] as Machine): Promise<void> {
    let last = '';
    const settled = await until(
      async () => {
        // While there is no DC, nobody answers: crmadmin would wait for half a minute.
        const dc = (await node.exec(['crmadmin', '-D', '-q', '-t', '2s'])).stdout.trim();
        const state = dc === '' ? '' : (await node.exec(['crmadmin', '-S', dc, '-t', '2s'])).stdout;
        last = (await node.exec(['crm_mon', '-1', '-r', '-f'])).stdout + state;
        return state.includes('S_IDLE') && resourceNodes(last).length === 2;
      },
      timeoutMs,
      200,
    );
    if (!settled) throw new Error(`the cluster did not settle:\n${last}`);
    const places = resourceNodes(last);
    if (places[0] !== places[1]) throw new Error(`the resources are on different nodes:\n${last}`);
  }

  /** Waits until `node` sees exactly these nodes online. */
  async online(node: Machine, names: readonly string[], timeoutMs = 60_000): Promise<void> {
    let last = '';
    const wanted = [...names].sort().join(' ');
    const seen = await until(
      async () => {
        last = (await node.exec(['crm_mon', '-1'])).stdout;
        return (
          (last
            .match(/Online: \[ (.*) \]/)?.[1]
            ?.split(' ')
            .sort()
            .join(' ') ?? '') === wanted
        );
      },
      timeoutMs,
      200,
    );
    if (!seen) throw new Error(`${node.name} does not see ${wanted} online:\n${last}`);
  }

  /** Waits until the controller of `node` has joined a DC's cluster, or leads one. */
  async joined(node: Machine, timeoutMs = 60_000): Promise<void> {
    let last = '';
    const joined = await until(
      async () => {
        last = (await node.exec(['crmadmin', '-t', '2s', '-S', node.name])).stdout;
        return /S_IDLE|S_NOT_DC/.test(last);
      },
      timeoutMs,
      100,
    );
    if (!joined) throw new Error(`the controller of ${node.name} has not joined: ${last}`);
  }

  /** Name of the DC, as `node` knows it; empty while there is none. */
  async dc(node: Machine): Promise<string> {
    return (await node.exec(['crmadmin', '-D', '-q'])).stdout.trim();
  }

  /** Makes a node the DC of a cluster of two: the other one's controller is killed, and comes back as a follower. */
  async makeDc(node: Machine): Promise<void> {
    const other = this.other(node);
    if ((await this.dc(node)) === node.name) return;
    await this.kill(other, 'crmd');
    await this.joined(other);
    await this.settled();
    const dc = await this.dc(node);
    if (dc !== node.name) throw new Error(`${node.name} did not become DC, but ${dc}`);
  }

  /**
   * Kills a daemon with SIGKILL, and waits until it runs again.
   * @param restarting further daemons that have to be other processes afterwards
   */
  async kill(node: Machine, daemon: string, restarting: readonly string[] = []): Promise<void> {
    const before = new Map<string, number>();
    for (const name of [daemon, ...restarting]) {
      const pid = await daemonPid(node, name);
      if (pid === undefined) throw new Error(`${name} does not run on ${node.name}`);
      before.set(name, pid);
    }
    await this.run(node, 'kill', '-9', String(before.get(daemon)));
    const missing = new Set(before.keys());
    const back = await until(
      async () => {
        for (const name of missing) {
          const pid = await daemonPid(node, name);
          if (pid !== undefined && pid !== before.get(name)) missing.delete(name);
        }
        return missing.size === 0;
      },
      30_000,
      50,
    );
    if (!back) throw new Error(`${[...missing].join(' and ')} did not start again on ${node.name}`);
  }

  /** Runs a command that has to succeed; its output. */
  async run(machine: Machine, ...command: string[]): Promise<string> {
    return mustOn(machine, command);
  }

  async close(): Promise<void> {
    this.client.stop();
    await this.lab.close();
  }
}

/** Process id of a daemon's main process. */
async function daemonPid(node: Machine, daemon: string): Promise<number | undefined> {
  const { stdout } = await node.exec(['ps', '-eo', 'pid=,args=', '-ww']);
  const line = stdout.split('\n').find((each) =>
    each
      .trim()
      .split(/\s+/)
      .some((word) => word.endsWith(`bin/${daemon}`) || word.endsWith(`bin/${daemon}.mjs`)),
  );
  return line === undefined ? undefined : Number.parseInt(line, 10);
}

/** Nodes on which the tutorial's two resources are started, from crm_mon's text. */
function resourceNodes(text: string): string[] {
  return [...text.matchAll(/\((?:ocf::?heartbeat:(?:IPaddr2|nginx))\):\s+Started (\S+)/g)].map(
    (match) => match[1] ?? '',
  );
}
