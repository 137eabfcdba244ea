import assert from 'node:assert';
import type { GraphAction } from './graph.ts';
import type { ActionProgress } from './progress.ts';
import { isMigration, jobNodes } from './requests.ts';

/** How many actions run on each node, and how many of them are migrations (controller.md 8.5). */
export class JobCounts {
  readonly #counts = new Map<string, { all: number; migrations: number }>();

  clear(): void {
    this.#counts.clear();
  }

  /** Counts an action that was started. */
  begin(step: ActionProgress): void {
    step.jobs = jobNodes(step.action);
    this.#change(step, 1);
  }

  /** Its result is in; an action that was not counted changes nothing. */
  end(step: ActionProgress): void {
    this.#change(step, -1);
    step.jobs = [];
  }

  /**
   * Whether an action may start now.
   * @param limits.node actions that a node takes at most @param limits.migrations on one node; < 1: no limit
   */
  hasRoom(action: GraphAction, limits: { node(name: string): number; migrations: number }): boolean {
    return jobNodes(action).every((node) => {
      const running = this.#counts.get(node.toLowerCase()) ?? { all: 0, migrations: 0 };
      if (running.all >= limits.node(node)) return false;
      return !isMigration(action) || limits.migrations <= 0 || running.migrations < limits.migrations;
    });
  }

  #change(step: ActionProgress, by: 1 | -1): void {
    for (const node of step.jobs) {
      const name = node.toLowerCase();
      const running = this.#counts.get(name) ?? { all: 0, migrations: 0 };
      running.all += by;
      if (isMigration(step.action)) running.migrations += by;
      assert(running.all >= 0 && running.migrations >= 0, `jobs of ${name} are never negative`);
      this.#counts.set(name, running);
    }
  }
}
