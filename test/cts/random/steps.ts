import type { Leaf, Model } from './model.ts';
import { allNodes, on } from './model.ts';

/** One operation in a history. */
export interface Step {
  readonly task: string;
  readonly intervalMs: number;
  readonly code: number;
  readonly expected: number;
  /** The executor's status where it does not follow from the code. */
  readonly status?: number;
  readonly secondsAgo: number;
  readonly source?: string;
  readonly target?: string;
}

const pendingCode = 193;

function done(task: string, intervalMs = 0, expected = 0): Step {
  return { task, intervalMs, code: expected, expected, secondsAgo: 1000 };
}

const probe = done('monitor', 0, 7);
const start = done('start');
const stop = done('stop');
const promote = done('promote');
const demote = done('demote');

/** What happened to a primitive on a node, oldest first. */
export function randomSteps(model: Model, leaf: Leaf, node: string, active: number): Step[] {
  const { dice } = model;
  if (on(model, 'migration', 0.4) && leaf.migratable && !leaf.home.inClone) return migrationSteps(model, node);
  let steps = dice.hits(active) ? activeSteps(model, leaf) : inactiveSteps(model);
  if (dice.hits(0.1)) steps = [probe, ...steps];
  if (model.topics.has('failures') && dice.hits(0.15)) steps = [...steps, ...failure(model, leaf)];
  if (model.topics.has('oddities') && dice.hits(0.05))
    steps = [...steps, done(dice.pick(['notify', 'delete', 'asyncmon', 'odd']))];
  return steps.map((step, at) => ({ ...step, secondsAgo: step.secondsAgo - at }));
}

function inactiveSteps(model: Model): Step[] {
  const { dice } = model;
  if (dice.hits(0.1)) {
    const status = dice.maybe(0.2, 2, 3, 5, 6, 7, 8, 9, 10, 11);
    const code = dice.pick([0, 1, 2, 3, 4, 5, 6, 8, 9, 189, 190, 191]);
    return [{ ...probe, code, ...(status === undefined ? {} : { status }) }];
  }
  if (dice.hits(0.03)) return [{ ...probe, code: pendingCode, status: -1 }];
  if (dice.hits(0.03)) return [];
  return dice.hits(0.3) ? [start, stop] : [probe];
}

function failure(model: Model, leaf: Leaf): Step[] {
  const { dice } = model;
  const monitor = dice.pick(leaf.operations.filter((op) => op.intervalMs > 0).concat([]));
  const task = dice.pick([
    'start',
    'stop',
    'monitor',
    'monitor',
    ...(leaf.home.promotable ? ['promote', 'demote'] : []),
  ]);
  const intervalMs = task === 'monitor' && monitor !== undefined ? monitor.intervalMs : 0;
  const expected = task === 'monitor' && monitor?.role === 'Promoted' ? 8 : 0;
  const status = dice.maybe(0.4, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
  const step = { task, intervalMs, expected, code: dice.pick([1, 2, 3, 4, 5, 6, 7, 8, 9, 190]) };
  return [{ ...step, secondsAgo: dice.pick([1000, 20, 31, 100]), ...(status === undefined ? {} : { status }) }];
}

function activeSteps(model: Model, leaf: Leaf): Step[] {
  const { dice } = model;
  const roll = dice.next();
  if (roll < 0.05) return [{ ...start, code: dice.pick([1, 2, 3, 4, 5, 6, 7]) }];
  if (roll < 0.09) return [start, { ...stop, code: dice.pick([1, 1, 5, 7]) }];
  if (roll < 0.12) return [{ ...start, code: pendingCode, status: -1 }];
  if (roll < 0.14) return [start, { ...stop, code: pendingCode, status: -1 }];
  const first = dice.hits(0.9) ? start : { ...probe, code: 0 };
  if (leaf.home.promotable && dice.hits(0.4)) return [first, ...promotedSteps(model)];
  return [first, ...monitorSteps(model, leaf)];
}

function promotedSteps(model: Model): Step[] {
  const { dice } = model;
  if (dice.hits(0.12)) return [{ ...promote, code: dice.pick([1, 5, 8]) }];
  if (dice.hits(0.06)) return [{ ...promote, code: pendingCode, status: -1 }];
  if (dice.hits(0.12)) return [promote, { ...demote, code: dice.pick([0, 1, 7, 9]) }];
  if (dice.hits(0.04)) return [promote, { ...demote, code: pendingCode, status: -1 }];
  const watch = done('monitor', 11_000, 8);
  return dice.hits(0.8)
    ? [promote, dice.hits(0.85) ? watch : { ...watch, code: dice.pick([0, 1, 7, 9, 191]) }]
    : [promote];
}

function monitorSteps(model: Model, leaf: Leaf): Step[] {
  const { dice } = model;
  return leaf.operations
    .filter((op) => op.intervalMs > 0 && op.role !== 'Promoted' && op.role !== 'Master' && op.role !== 'Stopped')
    .filter(() => dice.hits(0.85))
    .map((op) => {
      const watch = done('monitor', op.intervalMs);
      if (dice.hits(0.03)) return { ...watch, code: pendingCode, status: -1 };
      return dice.hits(0.87) ? watch : { ...watch, code: dice.pick([1, 7, 190, 2, 5, 6, 8]) };
    });
}

/** Steps of a live migration as seen from one of its ends; the other end need not agree. */
function migrationSteps(model: Model, node: string): Step[] {
  const { dice } = model;
  const [from, into] = dice.hits(0.85)
    ? [model.nodes[0] as string, model.nodes.at(-1) as string]
    : [node, dice.pick(allNodes(model))];
  const ends = { source: from, target: into };
  const outcome = (): Partial<Step> =>
    dice.hits(0.6) ? {} : dice.hits(0.5) ? { code: pendingCode, status: -1 } : { code: dice.pick([1, 1, 5, 7]) };
  const away = { ...done('migrate_to'), ...ends, secondsAgo: 500, ...outcome() };
  const here = { ...done('migrate_from'), ...ends, secondsAgo: 490, ...outcome() };
  const later = { ...stop, secondsAgo: dice.pick([480, 495, 505]) };
  if (node === from)
    return [start, ...(dice.hits(0.5) ? [done('monitor', 10_000)] : []), away, ...(dice.hits(0.35) ? [later] : [])];
  if (node === into) {
    const seen = dice.hits(0.5) ? [{ ...probe, secondsAgo: dice.pick([600, 499, 100]) }] : [];
    const arrived = dice.hits(0.7) ? [here] : [];
    return [...seen, ...arrived, ...(dice.hits(0.15) ? [later] : [])];
  }
  return dice.hits(0.7) ? [probe] : [];
}
