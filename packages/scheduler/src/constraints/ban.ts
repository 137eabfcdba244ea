import { type ClusterNode, copyEntry, ProbeMode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { addScores, infinity } from '../values/scores.ts';

/**
 * Adds a score for a node, or for all, to a resource's table and to those of all below it, children first; a node that
 * is missing there starts with the node's own score (scheduler-1 6.7).
 */
export function banOrAdd(set: WorkingSet, resource: Resource, node: ClusterNode | 'all', score: number): void {
  if (node === 'all') {
    for (const each of set.nodes) addForNode(resource, each, score);
    if (score <= -infinity) resource.assigned = undefined;
  } else {
    addForNode(resource, node, score);
  }
}

/** Makes every node allowed, as in symmetric clusters: not where discovery is exclusive or never done. */
export function allowEverywhere(set: WorkingSet, resource: Resource): void {
  for (const node of set.nodes) allowOn(resource, node);
}

function allowOn(resource: Resource, node: ClusterNode): void {
  if (resource.exclusiveProbes || node.entry.probeMode === ProbeMode.never) return;
  for (const child of resource.children) allowOn(child, node);
  if (!resource.allowed.has(node.id)) resource.allowed.set(node.id, copyEntry(node.entry));
}

function addForNode(resource: Resource, node: ClusterNode, score: number): void {
  for (const child of resource.children) addForNode(child, node, score);
  const entry = resource.allowed.get(node.id);
  if (entry !== undefined) {
    entry.score = addScores(entry.score, score);
    return;
  }
  const added = copyEntry(node.entry);
  added.score = addScores(added.score, score);
  resource.allowed.set(node.id, added);
}

/** Replaces the table by one that bans every node. */
export function banEverywhereAnew(set: WorkingSet, resource: Resource): void {
  resource.allowed = new Map(
    set.nodes.map((node) => {
      const entry = copyEntry(node.entry);
      entry.score = -infinity;
      return [node.id, entry];
    }),
  );
}
