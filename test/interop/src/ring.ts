import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lab } from '../../lab/src/lab.ts';
import { type Machine, mustOn, until } from '../../lab/src/machine.ts';

export type NodeKind = 'real' | 'ours';
export type Transport = 'udpu' | 'udp';

/** A ring of both kinds: node ids are positions + 1, so the first kind leads while all are up. */
export interface RingPlan {
  readonly name: string;
  readonly transport: Transport;
  readonly kinds: readonly NodeKind[];
  /** Where this run's programs were built. */
  readonly distDir: string;
}

/** A node of the ring. */
export interface RingNode {
  readonly id: number;
  readonly kind: NodeKind;
  readonly machine: Machine;
}

const tokenMs = 1000;
/** Longest that the tests wait for one membership, ms: several token timeouts of six nodes on a busy machine. */
export const membershipWaitMs = 60_000;
const logFile = '/var/log/cluster/corosync.log';

/** Real and own corosync nodes on one switch. */
export class InteropRing {
  readonly plan: RingPlan;
  readonly nodes: readonly RingNode[];
  readonly #lab: Lab;

  private constructor(plan: RingPlan, lab: Lab, nodes: readonly RingNode[]) {
    this.plan = plan;
    this.#lab = lab;
    this.nodes = nodes;
  }

  /** Makes the machines and switches them on; corosync is not started. */
  static async create(plan: RingPlan): Promise<InteropRing> {
    const nothing = join(tmpdir(), 'sanode-interop-nothing');
    mkdirSync(nothing, { recursive: true });
    const machines = plan.kinds.map((kind, index) => ({
      name: `n${index + 1}`,
      address: `10.10.33.${61 + index}`,
      ...(kind === 'real' ? { sbinDir: nothing, usrLibDir: nothing } : {}),
    }));
    const lab = await Lab.create({ name: `inter-${plan.name}`, machines, distDir: plan.distDir });
    const nodes = machines.map(({ name }, index) => ({
      id: index + 1,
      kind: plan.kinds[index] as NodeKind,
      machine: lab.machine(name),
    }));
    const ring = new InteropRing(plan, lab, nodes);
    try {
      for (const node of nodes) ring.configure(node, tokenMs);
      await lab.powerOnAll();
    } catch (error) {
      await lab.close();
      throw error;
    }
    return ring;
  }

  of(kind: NodeKind): RingNode[] {
    return this.nodes.filter((node) => node.kind === kind);
  }

  /** Writes a node's corosync.conf. */
  configure(node: RingNode, ringTokenMs: number): void {
    const folder = join(node.machine.diskDir, 'etc', 'corosync');
    mkdirSync(folder, { recursive: true });
    mkdirSync(join(node.machine.diskDir, 'var', 'log', 'cluster'), { recursive: true });
    const list = this.nodes.map(
      ({ id, machine }) =>
        `  node {\n    ring0_addr: ${machine.address}\n    name: ${machine.name}\n    nodeid: ${id}\n  }\n`,
    );
    writeFileSync(
      join(folder, 'corosync.conf'),
      `totem {\n  version: 2\n  cluster_name: inter\n  transport: ${this.plan.transport}\n  token: ${ringTokenMs}\n}\n` +
        `nodelist {\n${list.join('')}}\nquorum {\n  provider: corosync_votequorum\n}\n` +
        `logging {\n  to_logfile: yes\n  logfile: ${logFile}\n  to_syslog: no\n  timestamp: hires\n}\n`,
    );
  }

  /** Starts corosync on a node that is on. */
  start(node: RingNode): void {
    node.machine.spawn(['corosync', '-f']);
  }

  /** A power cut; nothing is left but the disk. */
  async cut(node: RingNode): Promise<void> {
    await node.machine.powerOff();
  }

  async restore(node: RingNode): Promise<void> {
    await node.machine.powerOn();
    this.start(node);
  }

  /** The node's own log since it was made. */
  logOf(node: RingNode): string {
    try {
      return readFileSync(join(node.machine.diskDir, logFile), 'utf8');
    } catch {
      return '';
    }
  }

  /** What corosync-quorumtool of the node's own kind prints, without what differs from node to node. */
  async quorumOf(node: RingNode): Promise<string> {
    const { stdout } = await node.machine.exec(['corosync-quorumtool', '-s'], { timeoutMs: 10_000 });
    return stdout
      .split('\n')
      .filter((line) => !/^(Date|Node ID):/.test(line))
      .map((line) => line.replace(/ \(local\)$/, ''))
      .join('\n')
      .trim();
  }

  /**
   * Waits until corosync-quorumtool of every one of these nodes shows exactly these members, all in the same words.
   * @returns those words @throws {Error} with what each one says
   */
  async agreed(nodes: readonly RingNode[], timeoutMs = membershipWaitMs): Promise<string> {
    const wanted = nodes.map(({ id }) => id);
    let said: string[] = [];
    const agreed = await until(
      async () => {
        said = await Promise.all(nodes.map((node) => this.quorumOf(node)));
        return said.every((text) => text === said[0] && String(membersIn(text)) === String(wanted));
      },
      timeoutMs,
      300,
    );
    if (agreed) return said[0] as string;
    const words = nodes.map(({ id, kind }, index) => `--- node ${id} (${kind}):\n${said[index]}`);
    throw new Error(`nodes ${wanted} did not agree within ${timeoutMs / 1000} s\n${words.join('\n')}`);
  }

  /** The representative in the last membership that a real node wrote into its log, and its members' number. */
  lastMembership(node: RingNode): string | undefined {
    return [...this.logOf(node).matchAll(/A new membership \((\d+)\.[0-9a-f]+\) was formed/g)].at(-1)?.[1];
  }

  /** Drops what comes from the other side's nodes, at every node. */
  async partition(sides: readonly (readonly RingNode[])[]): Promise<void> {
    await Promise.all(
      sides.flatMap((side) =>
        side.map((node) => {
          const others = this.nodes.filter((other) => !side.includes(other)).map(({ machine }) => machine.address);
          return filter(node.machine, `ip saddr { ${others.join(', ')} } drop`);
        }),
      ),
    );
  }

  /** Drops this share of the datagrams that arrive, at random, at every node. */
  async lose(percent: number): Promise<void> {
    await Promise.all(
      this.nodes.map(({ machine }) =>
        filter(machine, `iifname "eth0" meta l4proto udp numgen random mod 100 < ${percent} counter drop`),
      ),
    );
  }

  /** Datagrams that {@link lose} has dropped so far. */
  async lost(): Promise<number> {
    let sum = 0;
    for (const { machine } of this.nodes) {
      const rules = await mustOn(machine, ['nft', 'list', 'table', 'inet', 'inter']);
      sum += Number(rules.match(/counter packets (\d+)/)?.[1] ?? 0);
    }
    return sum;
  }

  /** Takes partition and loss away. */
  async heal(): Promise<void> {
    for (const { machine } of this.nodes) {
      if (machine.isOn) await machine.exec(['nft', 'delete', 'table', 'inet', 'inter']);
    }
  }

  async close(): Promise<void> {
    await this.#lab.close();
  }
}

async function filter(machine: Machine, rule: string): Promise<void> {
  const chain = `chain input { type filter hook input priority 0; policy accept; ${rule}\n}`;
  await mustOn(
    machine,
    ['nft', '-f', '-'],
    `table inet inter\ndelete table inet inter\ntable inet inter { ${chain}\n}\n`,
  );
}

/** Node ids in quorumtool's membership list. */
function membersIn(text: string): number[] {
  const list = text.slice(text.indexOf('Membership information'));
  return [...list.matchAll(/^\s+(\d+)\s+\d+ /gm)].map((match) => Number(match[1]));
}
