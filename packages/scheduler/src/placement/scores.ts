import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { compareNames } from '../values/names.ts';
import { scoreText } from '../values/scores.ts';

export type ScorePrefix =
  | 'pcmk__primitive_assign'
  | 'pcmk__group_assign'
  | 'pcmk__clone_assign'
  | 'pcmk__bundle_assign';

/** Notes the scores of a resource and all below it, as the reference prints them (scheduler-2 11.2). */
export function showScores(set: WorkingSet, prefix: ScorePrefix, resource: Resource): void {
  if (resource.removed) return;
  const entries = [...resource.allowed.values()].sort((a, b) => compareNames(a.node.name, b.node.name));
  for (const entry of entries) {
    const text = `${prefix}: ${resource.id} allocation score on ${entry.node.name}: ${scoreText(entry.score)}`;
    set.printed.push({ kind: 'score', text });
  }
  for (const child of resource.children) showScores(set, prefix, child);
}
