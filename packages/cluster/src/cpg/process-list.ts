import type { GroupName } from './messages.ts';

export interface Process {
  readonly nodeId: number;
  readonly pid: number;
  readonly group: GroupName;
}

/** All group members of all nodes, sorted by node id and pid; a process's groups in join order (3.4). */
export class ProcessList {
  #entries: Process[] = [];

  get all(): readonly Process[] {
    return this.#entries;
  }

  has(nodeId: number, pid: number, group: GroupName): boolean {
    return this.#entries.some((entry) => entry.nodeId === nodeId && entry.pid === pid && entry.group === group);
  }

  hasMemberOn(nodeId: number, group: GroupName): boolean {
    return this.#entries.some((entry) => entry.nodeId === nodeId && entry.group === group);
  }

  ofGroup(group: GroupName): Process[] {
    return this.#entries.filter((entry) => entry.group === group);
  }

  add(added: Process): void {
    let at = this.#entries.findIndex(
      (entry) => entry.nodeId > added.nodeId || (entry.nodeId === added.nodeId && entry.pid > added.pid),
    );
    if (at < 0) at = this.#entries.length;
    this.#entries.splice(at, 0, added);
  }

  remove(nodeId: number, pid: number, group: GroupName): void {
    const at = this.#entries.findIndex(
      (entry) => entry.nodeId === nodeId && entry.pid === pid && entry.group === group,
    );
    if (at >= 0) this.#entries.splice(at, 1);
  }

  /** Removes and returns the entries of some nodes, in order. */
  removeNodes(nodeIds: ReadonlySet<number>): Process[] {
    const removed = this.#entries.filter((entry) => nodeIds.has(entry.nodeId));
    if (removed.length > 0) this.#entries = this.#entries.filter((entry) => !nodeIds.has(entry.nodeId));
    return removed;
  }

  /** The order of the reference's iterator (end of 3.6). @param namesOnly one entry a group, node id and pid 0 */
  iterate(namesOnly: boolean): Process[] {
    const ordered: Process[] = [];
    for (const entry of this.#entries) {
      const at = ordered.findIndex((other) => other.group === entry.group);
      if (namesOnly && at >= 0) continue;
      ordered.splice(at + 1, 0, namesOnly ? { nodeId: 0, pid: 0, group: entry.group } : entry);
    }
    return ordered;
  }
}
