// One member of a CPG group on a node of either kind; run on the node by the interop tests:
//
//   member.ts libcpg|sanode GROUP MEMBERS MESSAGES NODEID
//
// Waits until MEMBERS are in the group, sends MESSAGES, and ends when all members' messages have arrived. Prints one
// JSON line (MemberReport): the hash is over sender, length and content of every message in the order of delivery.
import { createHash } from 'node:crypto';
import { joinGroup } from './join-group.ts';
import type { GroupHandlers } from './libcpg.ts';
import { messageSizes, randomFrom } from './sizes.ts';

/** What a member prints at its end. */
export interface MemberReport {
  readonly delivered: number;
  readonly bytes: number;
  readonly hash: string;
  /** Seconds from the complete group to the last message. */
  readonly seconds: number;
}

/** Pause after a full queue, ms. */
const retryMs = 5;
/** Messages of this member that may be on their way: a real node's library would block on more. */
const maxUndelivered = 40;

/** One member's part in a run. */
class Run {
  readonly #members: number;
  readonly #messages: number;
  readonly #hash = createHash('sha256');
  readonly complete: Promise<void>;
  readonly finished: Promise<void>;
  #markComplete: () => void = () => {};
  #markFinished: () => void = () => {};
  #isComplete = false;
  #wake: () => void = () => {};
  #startMs = 0;
  #ownDelivered = 0;
  delivered = 0;
  bytes = 0;

  constructor(members: number, messages: number) {
    this.#members = members;
    this.#messages = messages;
    this.complete = new Promise((resolve) => {
      this.#markComplete = resolve;
    });
    this.finished = new Promise((resolve) => {
      this.#markFinished = resolve;
    });
  }

  membersChanged(count: number): void {
    if (this.#isComplete && count < this.#members && this.delivered < this.#members * this.#messages) {
      throw new Error(`the group shrank to ${count} members after ${this.delivered} messages`);
    }
    if (count !== this.#members || this.#isComplete) return;
    this.#isComplete = true;
    this.#startMs = performance.now();
    this.#markComplete();
  }

  deliver(nodeId: number, body: Uint8Array, ownNodeId: number): void {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(nodeId, 0);
    header.writeUInt32LE(body.length, 4);
    this.#hash.update(header).update(body);
    this.delivered += 1;
    this.bytes += body.length;
    if (nodeId === ownNodeId) {
      this.#ownDelivered += 1;
      this.#wake();
    }
    if (this.delivered === this.#members * this.#messages) this.#markFinished();
  }

  /** Resolves when fewer than the limit of `sent` messages are on their way. */
  async room(sent: number): Promise<void> {
    while (sent - this.#ownDelivered >= maxUndelivered) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  report(): MemberReport {
    const seconds = (performance.now() - this.#startMs) / 1000;
    return { delivered: this.delivered, bytes: this.bytes, hash: this.#hash.digest('hex'), seconds };
  }
}

async function main(): Promise<void> {
  const [library, group = '', membersText, messagesText, nodeIdText] = process.argv.slice(2);
  const nodeId = Number(nodeIdText);
  const run = new Run(Number(membersText), Number(messagesText));
  const handlers: GroupHandlers = {
    deliver: (from, body) => run.deliver(from, body, nodeId),
    membersChanged: (count) => run.membersChanged(count),
  };
  const member = await joinGroup(library, group, handlers);
  await run.complete;
  const random = randomFrom(nodeId);
  let sent = 0;
  for (const size of messageSizes(Number(messagesText), random)) {
    await run.room(sent);
    const body = Buffer.alloc(size);
    for (let at = 0; at < size; at += 64) body[at] = random() * 256;
    while (!(await member.send(body))) await new Promise((resolve) => setTimeout(resolve, retryMs));
    sent += 1;
  }
  await run.finished;
  process.stdout.write(`${JSON.stringify(run.report())}\n`);
  member.close();
}

if (import.meta.main) {
  await main();
  // What poll() still waits for need not be waited for.
  setTimeout(() => process.exit(0), 300).unref();
}
