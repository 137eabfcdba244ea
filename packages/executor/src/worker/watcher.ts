import type { Logger } from '@sanode/runtime';
import { type NativePolicy, usesNativeAgent } from '../native-agents.ts';
import type { ResourceDefinition } from '../operation.ts';
import { ocfEnvironment } from '../runner/environment.ts';
import { logAgentLine } from './pool.ts';
import { WorkerProcess } from './worker-process.ts';

const restartDelayMs = 1000;

/**
 * Keeps the watches of running resources in a process of their own, so that an operation's timeout does not end them.
 * When that process dies, every watch is reported lost: the executor polls at once and arms anew.
 */
export class Watcher {
  readonly #log: Logger;
  readonly #policy: NativePolicy;
  readonly #handlers: {
    event(resourceId: string, cause: string): void;
    lost(resourceId: string, reason: string): void;
  };
  readonly #watched = new Set<string>();
  #process: WorkerProcess | undefined;
  #notBeforeMs = 0;
  #closed = false;

  constructor(
    deps: {
      log: Logger;
      handlers: { event(resourceId: string, cause: string): void; lost(resourceId: string, reason: string): void };
    },
    options: { policy: NativePolicy },
  ) {
    this.#log = deps.log;
    this.#handlers = deps.handlers;
    this.#policy = options.policy;
  }

  /** Watches a resource if its agent is ours; others are polled only. */
  watch(resource: ResourceDefinition, parameters: ReadonlyMap<string, string>): void {
    const { id, standard, provider, type } = resource;
    if (this.#closed || standard !== 'ocf' || !usesNativeAgent(provider, type, this.#policy)) return;
    // A watcher that keeps dying is not started over and over: until then resources are polled.
    if (this.#process === undefined && performance.now() < this.#notBeforeMs) return;
    this.#process ??= this.#spawn();
    this.#watched.add(id);
    this.#process.send({
      kind: 'watch',
      resourceId: id,
      provider,
      type,
      env: ocfEnvironment({ resource, parameters }, process.env),
    });
  }

  unwatch(resourceId: string): void {
    if (this.#watched.delete(resourceId)) this.#process?.send({ kind: 'unwatch', resourceId });
  }

  close(): void {
    this.#closed = true;
    this.#process?.close();
  }

  #spawn(): WorkerProcess {
    return new WorkerProcess({
      message: (message) => {
        if (message.kind === 'log') logAgentLine(this.#log, message.tag, message.level, message.text);
        else if (message.kind === 'event' && this.#watched.has(message.resourceId)) {
          this.#handlers.event(message.resourceId, message.cause);
        } else if (message.kind === 'lost' && this.#watched.has(message.resourceId)) {
          this.#handlers.lost(message.resourceId, message.reason);
        }
      },
      ended: (reason) => this.#ended(reason),
    });
  }

  #ended(reason: string): void {
    this.#process = undefined;
    this.#notBeforeMs = performance.now() + restartDelayMs;
    if (this.#closed) return;
    this.#log.warn({}, `the watcher ended (${reason}); resources are polled until it runs again`);
    const lost = [...this.#watched];
    this.#watched.clear();
    for (const resourceId of lost) setTimeout(() => this.#handlers.lost(resourceId, reason), restartDelayMs).unref();
  }
}
