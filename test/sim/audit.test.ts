import type { ConfigurationChange } from '@sanode/totem';
import { beforeEach, describe, expect, it } from 'vitest';
import { AgreedOrder } from './src/audit/agreed-order.ts';
import { Audit, InvariantError, type Run } from './src/audit/index.ts';

let audit: Audit;
beforeEach(() => {
  audit = new Audit();
});

const id = (seq: number, rep = 1) => ({ rep, seq });

/** The commit token of a new ring, as its maker sends it first. */
function commitToken(rep: number, seq: number): Buffer {
  const packet = Buffer.alloc(41 + 28);
  packet[3] = 4;
  packet.writeUInt32LE(rep, 17);
  packet.writeUIntLE(seq, 21, 6);
  packet.writeUInt32LE(1, 33);
  return packet;
}

function mcast(seq: number, ringSeq: number, payload: string): Buffer {
  const packet = Buffer.concat([Buffer.alloc(45), Buffer.from(payload)]);
  packet[3] = 1;
  packet[4] = 2;
  packet.writeUInt32LE(seq, 17);
  packet.writeUInt32LE(1, 25);
  packet.writeUIntLE(ringSeq, 29, 6);
  return packet;
}

/** `run` goes on to a ring. */
function move(
  run: Run,
  seq: number,
  members: readonly number[],
  step: { companions?: readonly number[]; old?: readonly number[]; lists?: Partial<ConfigurationChange> } = {},
): void {
  transition(run, seq, members, step);
  arrive(run, seq, members, step);
}

function transition(run: Run, seq: number, members: readonly number[], step: Parameters<typeof move>[3] = {}): void {
  const companions = step.companions ?? [];
  const left = (step.old ?? []).filter((node) => !companions.includes(node));
  const ringId = id(seq, Math.min(...members));
  audit.changed(run, { type: 'transitional', members: companions, joined: [], left, ringId, ...step.lists });
}

function arrive(run: Run, seq: number, members: readonly number[], step: Parameters<typeof move>[3] = {}): void {
  const joined = members.filter((node) => !(step.companions ?? []).includes(node));
  audit.changed(run, { type: 'regular', members, joined, left: [], ringId: id(seq, Math.min(...members)) });
}

function make(run: Run, seq: number): void {
  audit.wire.sent(run, commitToken(run.node, seq), 1500);
}

/** Two nodes in ring 1.5. */
function pair(): [Run, Run] {
  const runs: [Run, Run] = [audit.start(1), audit.start(2)];
  make(runs[0], 5);
  for (const run of runs) move(run, 5, [1, 2]);
  return runs;
}

/** Both go on to ring 1.9 together. */
function goOn(runs: readonly Run[]): void {
  make(runs[0] as Run, 9);
  for (const run of runs) move(run, 9, [1, 2], { companions: [1, 2], old: [1, 2] });
}

const together = { companions: [1, 2], old: [1, 2] };

/** @param words a part of the sentence that says which rule `action` breaks */
function breaks(action: () => void, words: string): void {
  let broken: unknown;
  try {
    action();
  } catch (error) {
    broken = error;
  }
  expect(broken).toBeInstanceOf(InvariantError);
  expect((broken as Error).message).toContain(words);
}

describe('messages', () => {
  it('accepts the same messages in the same order', () => {
    const [a, b] = pair();
    for (let number = 0; number < 3; number += 1) audit.ring.sent(a);
    for (const run of [a, b]) for (let number = 0; number < 3; number += 1) audit.ring.delivered(run, a, number);
    goOn([a, b]);
    expect(audit.ring.comparedCount).toBe(1);
  });

  it('finds one that nobody sent', () => {
    const [a, b] = pair();
    breaks(() => audit.ring.delivered(b, a, 0), 'which nobody sent');
  });

  it('finds one that comes twice', () => {
    const [a, b] = pair();
    audit.ring.sent(a);
    audit.ring.delivered(b, a, 0);
    breaks(() => audit.ring.delivered(b, a, 0), 'twice');
  });

  it('finds a gap', () => {
    const [a, b] = pair();
    for (let number = 0; number < 3; number += 1) audit.ring.sent(a);
    audit.ring.delivered(b, a, 0);
    breaks(() => audit.ring.delivered(b, a, 2), '1.1#2 after number 0');
  });

  it('finds two orders', () => {
    const [a, b] = pair();
    audit.ring.sent(a);
    audit.ring.sent(b);
    audit.ring.delivered(a, a, 0);
    audit.ring.delivered(a, b, 0);
    audit.ring.delivered(b, b, 0);
    breaks(() => audit.ring.delivered(b, a, 0), 'in another order');
  });

  it('finds one that only one of two survivors has', () => {
    const [a, b] = pair();
    for (let number = 0; number < 2; number += 1) audit.ring.sent(a);
    for (const number of [0, 1]) audit.ring.delivered(a, a, number);
    audit.ring.delivered(b, a, 0);
    breaks(() => goOn([a, b]), 'went on together');
  });

  it('finds one that comes in the regular configuration here and in the transitional one there', () => {
    const [a, b] = pair();
    audit.ring.sent(a);
    audit.ring.delivered(a, a, 0);
    make(a, 9);
    move(a, 9, [1, 2], together);
    transition(b, 9, [1, 2], together);
    audit.ring.delivered(b, a, 0);
    breaks(() => arrive(b, 9, [1, 2], together), 'in one configuration');
  });

  it('excuses the beginning that a newcomer missed, and nothing after it', () => {
    const [a, b] = pair();
    for (let number = 0; number < 3; number += 1) audit.ring.sent(a);
    for (const number of [0, 1, 2]) audit.ring.delivered(a, a, number);
    audit.ring.delivered(b, a, 1);
    make(a, 9);
    move(a, 9, [1, 2], together);
    breaks(() => move(b, 9, [1, 2], together), '1.1#2');
  });
});

describe('rings', () => {
  it('finds one that nobody made', () => {
    const run = audit.start(1);
    breaks(() => move(run, 5, [1]), 'nobody made');
  });

  it('finds two memberships of one id', () => {
    const [a] = pair();
    const c = audit.start(3);
    expect(a.node).toBe(1);
    breaks(() => move(c, 5, [1, 3]), 'has members [1,2]');
  });

  it('finds an id that goes back, also after a restart', () => {
    const [a] = pair();
    goOn([a, audit.runs.of(2)]);
    const again = audit.start(1);
    make(again, 7);
    breaks(() => move(again, 7, [1]), 'after one with number 9');
  });

  it('finds an id that was given twice, but for a lost disk', () => {
    pair();
    const again = audit.start(1);
    breaks(() => make(again, 5), 'as 1.1 did');
    audit.rings.forgotten(1);
    make(again, 5);
    move(again, 5, [1]);
  });

  it('finds a node that is not a member of its own ring, and a ring of a wrong name', () => {
    const run = audit.start(1);
    make(run, 5);
    breaks(() => move(run, 5, [1, 2], { companions: [2], old: [] }), 'who were not there');
    const other = audit.start(2);
    breaks(() => audit.rings.made(other, id(9, 1)), 'not its own');
  });

  it('finds who is left out of a transitional configuration', () => {
    const [a, b] = pair();
    make(a, 9);
    move(a, 9, [1, 2], together);
    breaks(() => move(b, 9, [1, 2], { companions: [2], old: [1, 2] }), 'came into ring 1.9');
  });

  it('finds lists that do not say who left', () => {
    const [a] = pair();
    make(a, 9);
    breaks(() => move(a, 9, [1], { companions: [1], old: [1, 2], lists: { left: [] } }), '[] left');
  });
});

describe('the wire', () => {
  it('finds two messages at one place', () => {
    const [a, b] = pair();
    audit.wire.sent(a, mcast(1, 5, 'one'), 1500);
    audit.wire.sent(b, mcast(1, 5, 'one'), 1500);
    breaks(() => audit.wire.sent(b, mcast(1, 5, 'two'), 1500), 'a second message 1');
  });

  it('finds packets that are too long, and too many requests', () => {
    const [a] = pair();
    breaks(() => audit.wire.sent(a, mcast(1, 5, 'x'.repeat(1500)), 1500), 'more than 1500');
    const token = Buffer.alloc(57);
    token.writeUInt32LE(31, 53);
    breaks(() => audit.wire.sent(a, token, 1500), '31 retransmissions');
  });
});

describe('services', () => {
  it('finds members that do not agree', () => {
    const [a, b] = pair();
    audit.synchronized(a, '2 votes');
    breaks(() => audit.synchronized(b, '1 vote'), 'but at 2.1 on "1 vote"');
  });

  it('finds changes of a group in two orders', () => {
    const runs = [audit.start(1), audit.start(2)];
    for (const run of runs) audit.cpg.join(run);
    make(runs[0] as Run, 5);
    for (const run of runs) move(run, 5, [1, 2]);
    const [a, b] = runs as [Run, Run];
    audit.groupChanged(a, 1, 'joined 7');
    audit.groupChanged(a, 2, 'joined 8');
    audit.groupChanged(b, 2, 'joined 8');
    breaks(() => audit.groupChanged(b, 1, 'joined 7'), 'in another order');
  });
});

describe('one order', () => {
  it('is one as long as no circle closes, whatever is skipped', () => {
    const order = new AgreedOrder();
    for (const [from, to] of [
      [0, 10],
      [10, 30],
      [0, 20],
      [20, 30],
      [10, 20],
    ] as const) {
      expect(order.add(from, to)).toBe(true);
    }
    expect(order.add(30, 40)).toBe(true);
    expect(order.add(40, 10)).toBe(false);
  });

  it('finds a circle over three nodes, of which no two contradict each other', () => {
    const order = new AgreedOrder();
    const node = (first: number, second: number): boolean => order.add(0, first) && order.add(first, second);
    expect(node(1, 2)).toBe(true);
    expect(node(2, 3)).toBe(true);
    expect(node(3, 1)).toBe(false);
  });
});
