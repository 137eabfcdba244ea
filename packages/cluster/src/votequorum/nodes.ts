import { nodeFlag } from './messages.ts';

export const nodeState = { member: 1, dead: 2, leaving: 3 } as const;

/** What votequorum knows of a node, or of the quorum device (id 0). */
export interface Node {
  readonly id: number;
  state: number;
  votes: number;
  expectedVotes: number;
  flags: number;
}

/** All nodes ever seen, in the reference's order (corosync-services.md 5.2); the quorum device is not among them. */
export class NodeList {
  readonly us: Node;
  readonly #nodes: Node[];

  constructor(localNodeId: number) {
    this.us = { id: localNodeId, state: nodeState.member, votes: 1, expectedVotes: 0, flags: nodeFlag.first };
    this.#nodes = [this.us];
  }

  get all(): readonly Node[] {
    return this.#nodes;
  }

  get members(): Node[] {
    return this.#nodes.filter((node) => node.state === nodeState.member);
  }

  find(id: number): Node | undefined {
    return this.#nodes.find((node) => node.id === id);
  }

  findOrCreate(id: number): { node: Node; isNew: boolean } {
    const found = this.find(id);
    if (found !== undefined) return { node: found, isNew: false };
    const node: Node = { id, state: nodeState.dead, votes: 0, expectedVotes: 0, flags: 0 };
    const larger = this.#nodes.findIndex((other) => other.id > id);
    // When none is larger the reference puts it before the last node, not behind it (5.2).
    this.#nodes.splice(larger >= 0 ? larger : this.#nodes.length - 1, 0, node);
    return { node, isNew: true };
  }

  isMember(id: number): boolean {
    return this.find(id)?.state === nodeState.member;
  }

  hasFlag(flag: number): boolean {
    return (this.us.flags & flag) !== 0;
  }

  setFlag(flag: number, on: boolean): void {
    this.us.flags = (on ? this.us.flags | flag : this.us.flags & ~flag) >>> 0;
  }
}

export function sumVotes(nodes: readonly Node[]): number {
  return nodes.reduce((sum, node) => sum + node.votes, 0) >>> 0;
}
