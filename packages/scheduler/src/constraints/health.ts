import { isTrue } from '@sanode/rules';
import { type ClusterNode, copyEntry, ProbeMode } from '../model/node.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { addScores, parseScore } from '../values/scores.ts';
import { addLocation } from './locations.ts';

/** Turns nodes' health into location constraints (scheduler-1 5.7). */
export function applyNodeHealth(set: WorkingSet): void {
  const { healthStrategy, healthBase } = set.options;
  if (healthStrategy === 'none') return;
  for (const node of set.nodes) {
    const health = healthOf(set, node, healthStrategy === 'progressive' ? healthBase : 0);
    if (health === 0) continue;
    for (const resource of set.resources) {
      if (health < 0 && isTrue(resource.meta.get('allow-unhealthy-nodes'))) continue;
      const entry = copyEntry(node.entry);
      entry.score = health;
      addLocation(set, healthStrategy, resource, Role.unknown, ProbeMode.always, [entry]);
    }
  }
}

function healthOf(set: WorkingSet, node: ClusterNode, base: number): number {
  let health = base;
  for (const [name, value] of node.attributes) {
    if (!name.startsWith('#health')) continue;
    const score = parseScore(value, set.options.healthScores);
    if (score !== undefined) health = addScores(health, score);
  }
  return health;
}

/** Health as it is shown: 1 green, 0 yellow, -1 red (scheduler-1 5.7). */
export function shownHealth(set: WorkingSet, node: ClusterNode): number {
  const { red, yellow, green } = set.options.healthScores;
  let worst = 1;
  if (set.options.healthStrategy === 'none') return worst;
  for (const [name, value] of node.attributes) {
    if (!name.startsWith('#health')) continue;
    const text = value.toLowerCase();
    let state = 1;
    if (text === 'red') state = -1;
    else if (text === 'yellow') state = 0;
    else {
      const score = parseScore(value, set.options.healthScores);
      if (score === undefined) continue;
      if (score <= red) state = -1;
      else if (score <= yellow && yellow !== green) state = 0;
    }
    worst = Math.min(worst, state);
  }
  return worst;
}
