import type { CoreHost, Timer } from '@sanode/runtime';
import type { Icmap } from '../cmap/icmap.ts';
import { serviceId } from '../engine/message.ts';
import type { Service, ServiceRing } from '../engine/service.ts';
import { csResult } from '../wire/results.ts';
import {
  cfgFunction,
  decodeKillNode,
  encodeKillNode,
  encodeReload,
  encodeShutdown,
  swapCfgMessage,
} from './messages.ts';

const defaultShutdownTimeoutMs = 5000;

/** What cfg does to the process. */
export interface CfgHost {
  /** Ends the process at once, exit status 255, without leaving the ring. */
  killed(reason: string): void;
  /** Leaves the ring in order and ends the process with status 0. */
  shutDown(): void;
  /** Reads the configuration again (6.3). @param done called once, with a csResult number */
  reload(done: (result: number) => void): void;
}

/** A program that is asked before a shutdown. */
export interface ShutdownTracker {
  testShutdown(flags: number, result: number): void;
}

interface Pending {
  readonly caller: object;
  readonly flags: number;
  readonly answer: (result: number) => void;
  readonly timer: Timer;
  readonly replies: Map<ShutdownTracker, boolean>;
  /** Trackers that went away count as a yes. */
  gone: number;
  expected: number;
}

/** The configuration service: kill, shutdown with vetoes, reload (corosync-services.md 6). */
export class CfgService implements Service {
  readonly id = serviceId.cfg;
  readonly shortName = 'cfg';
  readonly functionCount = 5;
  readonly #host: CoreHost;
  readonly #ring: ServiceRing;
  readonly #icmap: Icmap;
  readonly #process: CfgHost;
  #trackers: ShutdownTracker[] = [];
  #pending: Pending | undefined;
  #reloads: ((result: number) => void)[] = [];

  constructor(deps: { host: CoreHost; ring: ServiceRing; icmap: Icmap }, process: CfgHost) {
    this.#host = deps.host;
    this.#ring = deps.ring;
    this.#icmap = deps.icmap;
    this.#process = process;
  }

  receive(fn: number, senderId: number, message: Buffer): void {
    if (fn === cfgFunction.killNode) this.#receiveKill(senderId, message);
    else if (fn === cfgFunction.shutdown) {
      this.#host.log.info({ subsystem: 'CFG' }, `Node ${senderId} was shut down by sysadmin`);
      if (senderId === this.#ring.nodeId) this.#process.shutDown();
    } else if (fn === cfgFunction.reload) {
      this.#host.log.info({ subsystem: 'CFG' }, `Config reload requested by node ${senderId}`);
      const answer = senderId === this.#ring.nodeId ? this.#reloads.shift() : undefined;
      this.#process.reload((result) => answer?.(result));
    }
  }

  swapByteOrder(fn: number, message: Buffer): void {
    swapCfgMessage(fn, message);
  }

  /** @returns csResult number */
  killNode(nodeId: number, reason: string): number {
    if (this.#ring.syncInProgress) return csResult.TRY_AGAIN;
    if (this.#icmap.text(`runtime.members.${nodeId}.status`) !== 'joined') return csResult.NOT_EXIST;
    this.#ring.send(encodeKillNode({ nodeId, reason }));
    return csResult.OK;
  }

  /** @param answer called once, when this node has reloaded, with its result */
  reload(answer: (result: number) => void): void {
    if (this.#ring.syncInProgress) {
      answer(csResult.TRY_AGAIN);
      return;
    }
    this.#reloads.push(answer);
    this.#ring.send(encodeReload({ nodeId: this.#ring.nodeId, token: 0 }));
  }

  track(tracker: ShutdownTracker): void {
    if (this.#trackers.includes(tracker)) return;
    this.#trackers.push(tracker);
    if (this.#pending === undefined) return;
    this.#pending.expected += 1;
    tracker.testShutdown(this.#pending.flags, csResult.OK);
  }

  untrack(tracker: ShutdownTracker): void {
    if (!this.#trackers.includes(tracker)) return;
    this.#trackers = this.#trackers.filter((other) => other !== tracker);
    const pending = this.#pending;
    if (pending === undefined || tracker === pending.caller) return;
    pending.replies.delete(tracker);
    pending.gone += 1;
    this.#decide(pending);
  }

  /** The program that asked for a shutdown is gone. */
  callerGone(caller: object): void {
    if (this.#pending?.caller !== caller) return;
    this.#pending.timer.cancel();
    this.#pending = undefined;
  }

  /** @param caller identity of who asks; it is not asked itself @param flags 0 request, 1 regardless, 2 immediate */
  tryShutdown(caller: object, flags: number, answer: (result: number) => void): void {
    if (flags > 2) answer(csResult.INVALID_PARAM);
    else if (this.#ring.syncInProgress && flags !== 2) answer(csResult.TRY_AGAIN);
    else if (flags === 2) this.#agreed(answer);
    else if (this.#pending !== undefined) answer(csResult.EXIST);
    else {
      const asked = this.#trackers.filter((tracker) => tracker !== caller);
      if (asked.length === 0) {
        this.#agreed(answer);
        return;
      }
      const timeoutMs = this.#icmap.number('cfg.shutdown_timeout') ?? defaultShutdownTimeoutMs;
      const timer = this.#host.setTimer(timeoutMs, () => this.#timedOut());
      this.#pending = { caller, flags, answer, timer, replies: new Map(), gone: 0, expected: asked.length };
      for (const tracker of asked) tracker.testShutdown(flags, csResult.OK);
    }
  }

  /** @returns csResult number */
  replyToShutdown(tracker: ShutdownTracker, agree: boolean): number {
    // Only who was asked has a say.
    if (this.#pending === undefined || !this.#trackers.includes(tracker)) return csResult.ACCESS;
    this.#pending.replies.set(tracker, agree);
    this.#decide(this.#pending);
    return csResult.OK;
  }

  #decide(pending: Pending): void {
    if (pending.replies.size + pending.gone < pending.expected) return;
    const yes = pending.gone + [...pending.replies.values()].filter((agree) => agree).length;
    this.#finish(pending, yes >= pending.expected);
  }

  #finish(pending: Pending, allAgree: boolean): void {
    pending.timer.cancel();
    this.#pending = undefined;
    if (allAgree || pending.flags === 1) this.#agreed(pending.answer);
    else pending.answer(csResult.BUSY);
  }

  #timedOut(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#finish(pending, false);
    for (const tracker of this.#trackers) tracker.testShutdown(pending.flags, csResult.TIMEOUT);
  }

  #agreed(answer: (result: number) => void): void {
    answer(csResult.OK);
    this.#ring.send(encodeShutdown());
  }

  #receiveKill(senderId: number, message: Buffer): void {
    const kill = decodeKillNode(message);
    if (kill?.nodeId !== this.#ring.nodeId) return;
    this.#process.killed(`Killed by node ${senderId} : ${kill.reason}`);
  }
}
