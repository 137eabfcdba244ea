import { type ConfigurationChange, formatRingId } from '@sanode/totem';

/** Identity of an application message: which run of which node sent it, and its number there. */
export interface MessageId {
  /** `node.run` */
  readonly sender: string;
  readonly node: number;
  readonly number: number;
}

export type HistoryEvent =
  | { readonly kind: 'message'; readonly id: MessageId }
  | { readonly kind: 'change'; readonly change: ConfigurationChange };

/** What one run of one node saw. */
export class RingHistory {
  readonly node: number;
  readonly run: string;
  readonly events: HistoryEvent[] = [];
  readonly sent: MessageId[] = [];

  constructor(node: number, runNumber: number) {
    this.node = node;
    this.run = `${node}.${runNumber}`;
  }
}

/** A broken invariant, in a sentence. */
export class InvariantError extends Error {}

/** Between two regular configurations of one run: the ring, and what was delivered in it and in the change to the next. */
interface Stretch {
  readonly history: RingHistory;
  readonly ring: string;
  readonly messages: string[];
  /** Nodes that were met in this ring or one shortly before, and of which no message has come yet. */
  readonly strangers: readonly number[];
  /** Where the node went next, and with whom; undefined for the last one. */
  next: { readonly ring: string; readonly companions: readonly number[] } | undefined;
}

const key = (id: MessageId): string => `${id.sender}#${id.number}`;

/** Checks everything that can be told from the histories of all runs (design: "Same order"). @throws {InvariantError} */
export function checkHistories(histories: readonly RingHistory[]): void {
  const sent = new Set(histories.flatMap((history) => history.sent.map(key)));
  for (const history of histories) checkOneHistory(history, sent);
  checkRings(histories);
  const stretches = histories.flatMap(splitIntoStretches);
  const byRing = Map.groupBy(stretches, (stretch) => stretch.ring);
  for (const group of byRing.values()) {
    for (let a = 0; a < group.length; a += 1) {
      for (let b = a + 1; b < group.length; b += 1) comparePair(group[a] as Stretch, group[b] as Stretch);
    }
  }
}

/** Nothing invented, nothing twice, each sender's messages in order and without a gap while it stays. */
function checkOneHistory(history: RingHistory, sent: ReadonlySet<string>): void {
  const seen = new Set<string>();
  /** Sender's run -> number of its last message; only of nodes that have been here ever since. */
  const last = new Map<string, number>();
  let lastRingSeq = -1;
  for (const event of history.events) {
    if (event.kind === 'change') {
      const { change } = event;
      if (change.type === 'transitional') {
        for (const sender of last.keys()) if (!change.members.includes(nodeOf(sender))) last.delete(sender);
        continue;
      }
      if (change.ringId.seq <= lastRingSeq) {
        throw new InvariantError(`${history.run} installed ring ${formatRingId(change.ringId)} after a newer one`);
      }
      lastRingSeq = change.ringId.seq;
      continue;
    }
    const name = key(event.id);
    if (!sent.has(name)) throw new InvariantError(`${history.run} received ${name}, which nobody sent`);
    if (seen.has(name)) throw new InvariantError(`${history.run} received ${name} twice`);
    seen.add(name);
    const before = last.get(event.id.sender);
    if (before !== undefined && event.id.number !== before + 1) {
      throw new InvariantError(`${history.run} received ${name} after number ${before}`);
    }
    last.set(event.id.sender, event.id.number);
  }
}

function nodeOf(sender: string): number {
  return Number(sender.split('.')[0]);
}

/** The same ring id means the same members, everywhere and for ever. */
function checkRings(histories: readonly RingHistory[]): void {
  const members = new Map<string, string>();
  for (const history of histories) {
    for (const event of history.events) {
      if (event.kind !== 'change' || event.change.type !== 'regular') continue;
      const ring = formatRingId(event.change.ringId);
      const list = [...event.change.members].sort((a, b) => a - b).join(' ');
      const known = members.get(ring) ?? list;
      if (known !== list) throw new InvariantError(`ring ${ring} has members ${known}, and at ${history.run} ${list}`);
      members.set(ring, list);
    }
  }
}

function splitIntoStretches(history: RingHistory): Stretch[] {
  const stretches: Stretch[] = [];
  let companions: readonly number[] = [];
  for (const event of history.events) {
    const current = stretches.at(-1);
    if (event.kind === 'message') current?.messages.push(key(event.id));
    else if (event.change.type === 'transitional') companions = event.change.members;
    else {
      const ring = formatRingId(event.change.ringId);
      if (current !== undefined) current.next = { ring, companions };
      const heard = new Set(current?.messages.map((name) => nodeOf(name)));
      const strangers = event.change.members.filter(
        (id) => !companions.includes(id) || (current?.strangers.includes(id) === true && !heard.has(id)),
      );
      stretches.push({ history, ring, messages: [], strangers, next: undefined });
    }
  }
  return stretches;
}

/** Two nodes in one ring: the same order; and the same messages when they go on together. */
function comparePair(a: Stretch, b: Stretch): void {
  const inBoth = new Set(a.messages.filter((name) => b.messages.includes(name)));
  const left = a.messages.filter((name) => inBoth.has(name));
  const right = b.messages.filter((name) => inBoth.has(name));
  const differs = left.findIndex((name, index) => name !== right[index]);
  const where = `in ring ${a.ring}`;
  if (differs >= 0) {
    throw new InvariantError(
      `${where} ${a.history.run} received ${left[differs]} where ${b.history.run} received ${right[differs]}`,
    );
  }
  const together =
    a.next !== undefined &&
    a.next.ring === b.next?.ring &&
    a.next.companions.includes(b.history.node) &&
    b.next.companions.includes(a.history.node);
  if (!together || (a.messages.length === inBoth.size && b.messages.length === inBoth.size)) return;
  const missing = firstUnexcused(a, b, inBoth) ?? firstUnexcused(b, a, inBoth);
  if (missing === undefined) return;
  throw new InvariantError(
    `${where} ${a.history.run} and ${b.history.run} went on together, but only one of them received ${missing}`,
  );
}

/**
 * The first message of `has` that `lacks` should have received too. Excused: what a sender began to send before it and
 * `lacks` met in this ring. Messages are cut in pieces; who did not see the first piece drops everything up to the next
 * packet that ends with a whole message (totem.md 10.4). It is always the beginning of what that sender sent.
 */
function firstUnexcused(has: Stretch, lacks: Stretch, inBoth: ReadonlySet<string>): string | undefined {
  return has.messages.find((name) => {
    if (inBoth.has(name)) return false;
    const [sender, number] = name.split('#') as [string, string];
    if (!lacks.strangers.includes(nodeOf(sender)) || lacks.history.run === sender) return true;
    return lacks.messages.some((other) => {
      const [otherSender, otherNumber] = other.split('#') as [string, string];
      return otherSender === sender && Number(otherNumber) < Number(number);
    });
  });
}
