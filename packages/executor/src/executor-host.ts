import type { CoreHost } from '@sanode/runtime';
import type { Element } from '@sanode/xml';
import type { ActionRequest, AlertRequest, ResourceDefinition } from './operation.ts';

/** What the executor's core asks of its surroundings. */
export interface ExecutorHost extends CoreHost {
  /** Name of the event that is being handled. */
  cause(): string;
  /** Starts an action; its end is told by `actionEnded` with the same token. */
  run(token: number, request: ActionRequest): void;
  /** Kills a running action and everything it started; its end follows. */
  kill(token: number): void;
  notify(clientId: string, message: Element): void;
  /** Watches a running resource; events come by `watchEvent`. Arming anew replaces. */
  watch(resource: ResourceDefinition, parameters: ReadonlyMap<string, string>): void;
  unwatch(resourceId: string): void;
  /** Runs an alert agent; nobody waits for its end (executor-fencer-attrd.md 8). */
  alert(request: AlertRequest): void;
}
