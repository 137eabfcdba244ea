import type { Logger } from '@sanode/runtime';
import { PROCESSOR_LIMIT } from '../codec/header.ts';

const FLAPS_NAMED = 3;
const FLAPS_WITHIN_MS = 600_000;
const LOSS_REVIEW_MS = 60_000;
/** Loss of less than this many messages, or of less than one in so many, is not worth a line. */
const LOSS_NAMED = 20;
const LOSS_ONE_IN = 20;

/** What this node has seen of another one. */
class Peer {
  /** Messages of it that came, first copies only. */
  messages = 0;
  /** Of those, the ones that this node had to ask for. */
  lost = 0;
  /** Tokens that came from it again: the token, or this node's answer to it, was late or lost. */
  repeatedTokens = 0;
  heardMs = 0;
  /** When it went lost or left, and how often it came back afterwards. */
  gone = 0;
  flaps = 0;
  flapTimesMs: number[] = [];
  delayCount = 0;
  delayTotalMs = 0;
  delayMaxMs = 0;
  /** The rotation in which its delay was measured last. */
  rotation = 0;
  reviewedMessages = 0;
  reviewedLost = 0;
}

/**
 * Loss, delay and flaps of each other node, as far as one node can see them. Cheap: a few additions a message. Delay is
 * the time from sending the token on to the first message of that node in the same rotation, so it holds what the nodes
 * in between took too.
 */
export class Peers {
  readonly #peers = new Map<number, Peer>();
  #rotation = 0;
  #forwardedMs = 0;
  #reviewedMs = 0;

  /** The token was sent on. */
  tokenForwarded(nowMs: number): void {
    this.#rotation += 1;
    this.#forwardedMs = nowMs;
  }

  /** The first copy of a message came. @param nowMs asked at most once a rotation and node; absent: sent before this rotation */
  message(nodeId: number, wasAskedFor: boolean, nowMs: (() => number) | undefined): void {
    const peer = this.#of(nodeId);
    peer.messages += 1;
    if (wasAskedFor) peer.lost += 1;
    else if (peer.rotation !== this.#rotation && nowMs !== undefined && this.#rotation > 0) {
      peer.rotation = this.#rotation;
      peer.heardMs = nowMs();
      const delayMs = peer.heardMs - this.#forwardedMs;
      peer.delayCount += 1;
      peer.delayTotalMs += delayMs;
      if (delayMs > peer.delayMaxMs) peer.delayMaxMs = delayMs;
    }
  }

  /** Anything but a message came from it directly. */
  heard(nodeId: number, nowMs: number): void {
    this.#of(nodeId).heardMs = nowMs;
  }

  /** When a packet of its own came last; 0: never. */
  heardMs(nodeId: number): number {
    return this.#peers.get(nodeId)?.heardMs ?? 0;
  }

  repeatedToken(nodeId: number): void {
    this.#of(nodeId).repeatedTokens += 1;
  }

  /** A ring was installed. Names a node that comes and goes. */
  ringInstalled(left: readonly number[], joined: readonly number[], nowMs: number, log: Logger): void {
    for (const id of left) this.#of(id).gone += 1;
    for (const id of joined) {
      const peer = this.#of(id);
      if (peer.gone <= peer.flaps) continue;
      peer.flaps = peer.gone;
      peer.flapTimesMs = [...peer.flapTimesMs, nowMs].slice(-FLAPS_NAMED);
      const spanMs = nowMs - (peer.flapTimesMs[0] as number);
      if (peer.flapTimesMs.length < FLAPS_NAMED || spanMs > FLAPS_WITHIN_MS) continue;
      peer.flapTimesMs = [];
      const seconds = Math.ceil(spanMs / 1000);
      log.warn({ nodeId: id }, `Node ${id} has gone and come back ${FLAPS_NAMED} times within ${seconds} s.`);
    }
  }

  /** Once a minute: names the nodes whose messages get lost. */
  review(nowMs: number, log: Logger): void {
    if (nowMs - this.#reviewedMs < LOSS_REVIEW_MS) return;
    this.#reviewedMs = nowMs;
    for (const [id, peer] of this.#peers) {
      const lost = peer.lost - peer.reviewedLost;
      const messages = peer.messages - peer.reviewedMessages;
      peer.reviewedLost = peer.lost;
      peer.reviewedMessages = peer.messages;
      if (lost < LOSS_NAMED || lost * LOSS_ONE_IN < messages) continue;
      log.warn(
        { nodeId: id },
        `${lost} of ${messages} messages of node ${id} were lost on their way in the last minute.`,
      );
    }
  }

  /** Counters by `NODEID.NAME`; times in ms. */
  counters(nowMs: number): Record<string, number> {
    const counters: Record<string, number> = {};
    for (const [id, peer] of this.#peers) {
      counters[`${id}.messages_rx`] = peer.messages;
      counters[`${id}.messages_lost`] = peer.lost;
      counters[`${id}.tokens_repeated`] = peer.repeatedTokens;
      counters[`${id}.delay_avg_us`] =
        peer.delayCount === 0 ? 0 : Math.round((peer.delayTotalMs * 1000) / peer.delayCount);
      counters[`${id}.delay_max_us`] = Math.round(peer.delayMaxMs * 1000);
      counters[`${id}.flaps`] = peer.flaps;
      if (peer.heardMs > 0) counters[`${id}.time_since_heard`] = Math.trunc(nowMs - peer.heardMs);
    }
    return counters;
  }

  /** Sets all counters to 0. */
  clear(): void {
    this.#peers.clear();
  }

  #of(nodeId: number): Peer {
    const known = this.#peers.get(nodeId);
    if (known !== undefined) return known;
    const peer = new Peer();
    // Only nodes of the nodelist and of the ring come here; more than a ring can have are not kept.
    if (this.#peers.size < PROCESSOR_LIMIT) this.#peers.set(nodeId, peer);
    return peer;
  }
}
