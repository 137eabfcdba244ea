import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lab } from '../../lab/src/lab.ts';
import { type CommandResult, type Machine, mustOn, until } from '../../lab/src/machine.ts';
import { type ConfNode, confText, type Family, logFile, type RingSettings, type Transport } from './conf.ts';
import { inRoot, prepareRoot, type Release } from './release.ts';

export type NodeKind = 'real' | 'ours';

/** A ring of both kinds: node ids are positions + 1, so the first kind leads while all are up. */
export interface RingPlan {
  readonly name: string;
  readonly transport: Transport;
  readonly family: Family;
  readonly kinds: readonly NodeKind[];
  /** Which releases the real nodes have, taken in turn. */
  readonly releases: readonly Release[];
  /** Where this run's programs were built. */
  readonly distDir: string;
}

/** A node of the ring. */
export interface RingNode extends ConfNode {
  readonly kind: NodeKind;
  /** Of a real node. */
  readonly release: Release | undefined;
  readonly machine: Machine;
}

/** Token timeout unless a scenario wants it otherwise, ms. */
export const usualTokenMs = 1000;
const firstHost = 61;
/** Longest that the tests wait for one membership, ms: several token timeouts of six nodes on a busy machine. */
const membershipWaitMs = 60_000;

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
      address: addressOf(index, 'ipv4'),
      ...(kind === 'real' ? { sbinDir: nothing, usrLibDir: nothing } : {}),
    }));
    const lab = await Lab.create({ name: `inter-${plan.name}-${plan.family}`, machines, distDir: plan.distDir });
    let reals = 0;
    const nodes = machines.map(({ name }, index) => {
      const kind = plan.kinds[index] as NodeKind;
      const release = kind === 'real' ? plan.releases[reals++ % plan.releases.length] : undefined;
      return { id: index + 1, name, address: addressOf(index, plan.family), kind, release, machine: lab.machine(name) };
    });
    const ring = new InteropRing(plan, lab, nodes);
    try {
      for (const node of nodes) ring.configure(node);
      await Promise.all(nodes.map((node) => ring.#boot(node)));
    } catch (error) {
      await lab.close();
      throw error;
    }
    return ring;
  }

  of(kind: NodeKind): RingNode[] {
    return this.nodes.filter((node) => node.kind === kind);
  }

  /** Runs a program of the node's own release on it. Never throws for its exit code. */
  exec(node: RingNode, command: readonly string[], timeoutMs = 20_000): Promise<CommandResult> {
    return node.machine.exec(inRoot(node.release?.root ?? '', command), { timeoutMs });
  }

  /** As {@link exec}, where it has to succeed. @returns what it printed @throws {Error} with everything it said */
  must(node: RingNode, command: readonly string[]): Promise<string> {
    return mustOn(node.machine, inRoot(node.release?.root ?? '', command));
  }

  /** Writes a node's corosync.conf: the usual settings but for `changed`, these nodes in the nodelist, then edited. */
  configure(
    node: RingNode,
    changed: Partial<RingSettings> = {},
    listed: readonly ConfNode[] = this.nodes,
    edit: (text: string) => string = (text) => text,
  ): void {
    const folder = join(node.machine.diskDir, 'etc', 'corosync');
    mkdirSync(folder, { recursive: true });
    mkdirSync(join(node.machine.diskDir, 'var', 'log', 'cluster'), { recursive: true });
    const { transport, family } = this.plan;
    const text = confText({ transport, family, tokenMs: usualTokenMs, ...changed }, listed);
    writeFileSync(join(folder, 'corosync.conf'), edit(text));
  }

  /** Writes what {@link configure} does on these nodes, and has one of them reload it everywhere. */
  async reload(from: RingNode, nodes: readonly RingNode[], changed?: Partial<RingSettings>): Promise<void> {
    for (const node of nodes) this.configure(node, changed, nodes);
    await this.must(from, ['corosync-cfgtool', '-R']);
  }

  /** Starts corosync on a node that is on. */
  start(node: RingNode): void {
    node.machine.spawn(inRoot(node.release?.root ?? '', ['corosync', '-f']));
  }

  /** Ends corosync on a node in order. @throws {Error} when it does not end */
  async stop(node: RingNode): Promise<void> {
    const [pid] = await this.pidsOf(node);
    if (pid === undefined) throw new Error(`corosync does not run on node ${node.id}`);
    await mustOn(node.machine, ['kill', '-TERM', String(pid)]);
    const gone = await until(async () => (await this.pidsOf(node)).length === 0, 20_000, 100);
    if (!gone) throw new Error(`corosync on node ${node.id} did not end after SIGTERM`);
  }

  /** Process ids of corosync on the node. */
  pidsOf(node: RingNode): Promise<number[]> {
    return node.machine.pidsOf('corosync', '-f');
  }

  /** Switches the machine on and gives it its addresses. */
  async #boot({ machine, id, release }: RingNode): Promise<void> {
    await machine.powerOn();
    for (const family of ['ipv6', 'link-local'] as const) {
      const address = `${addressOf(id - 1, family)}/64`;
      await mustOn(machine, ['ip', 'addr', 'add', address, 'dev', 'eth0', 'nodad']);
    }
    await prepareRoot(machine, release?.root ?? '');
  }

  /** A power cut; nothing is left but the disk. */
  async cut(node: RingNode): Promise<void> {
    await node.machine.powerOff();
  }

  async restore(node: RingNode): Promise<void> {
    await this.#boot(node);
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
    const { stdout } = await this.exec(node, ['corosync-quorumtool', '-s'], 10_000);
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
          const others = this.nodes.filter((other) => !side.includes(other)).map(({ address }) => address);
          const header = this.plan.family === 'ipv4' ? 'ip' : 'ip6';
          return filter(node.machine, `${header} saddr { ${others.join(', ')} } drop`);
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

/** Address of the node at this position of the nodelist. */
function addressOf(index: number, family: Family): string {
  const prefix = { ipv4: '10.10.33.', ipv6: 'fd00:10:33::', 'link-local': 'fe80::' }[family];
  return `${prefix}${firstHost + index}`;
}
