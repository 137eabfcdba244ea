import { silentLogger } from '@sanode/runtime';
import { describe, expect, it } from 'vitest';
import { rejectHeader } from './codec/header.ts';
import { encodeJoin } from './codec/membership.ts';
import { noteNotTotem, noteOtherTransport, noteUnlistedAddress } from './foreign-packet.ts';
import { TroubleLog } from './trouble-log.ts';

class Book {
  readonly lines: string[] = [];
  nowMs = 0;
  readonly trouble = new TroubleLog(
    { ...silentLogger, warn: (_fields: object, line: string) => this.lines.push(line) },
    () => this.nowMs,
  );

  refuse(packet: Buffer): void {
    const fault = rejectHeader(packet);
    if (fault !== undefined) noteNotTotem(this.trouble, fault, packet, '10.0.0.7');
  }
}

const withVersion = (version: number): Buffer => {
  const packet = encodeJoin({ leave: false, systemFrom: 7, ringSeq: 1, procList: [7], failedList: [] });
  packet[2] = version;
  return packet;
};

describe('a sender that this node cannot talk with', () => {
  it.each([
    ['corosync_2', Buffer.alloc(40, 0xff), 'runs corosync 2, which cannot join'],
    ['corosync_2', Buffer.alloc(40, 0xfe), 'runs corosync 2, which cannot join'],
    ['knet', Buffer.from('0181000700000001000000000000000000000000000000000000', 'hex'), 'knet without encryption'],
    ['not_totem', Buffer.alloc(40, 0x9c), 'either uses transport knet with encryption'],
    ['other_version', withVersion(2), 'runs another release of corosync'],
    ['malformed', Buffer.alloc(5), 'is too short'],
  ])('is named: %s', (kind, packet, words) => {
    const book = new Book();
    book.refuse(packet);
    expect(book.lines).toEqual([expect.stringContaining(words)]);
    expect(book.lines[0]).toContain('10.0.0.7');
    expect(book.trouble.counters()).toEqual({ [`10.0.0.7.${kind}`]: 1 });
  });

  it('is named with its node id when only the nodelist lacks it', () => {
    const book = new Book();
    noteUnlistedAddress(book.trouble, withVersion(3), '10.0.0.7');
    expect(book.lines[0]).toContain('10.0.0.7 (node id 7) sends Totem packets here but is not in the nodelist');
    noteOtherTransport(book.trouble, 'udp', '10.0.0.7');
    expect(book.lines[1]).toBe('10.0.0.7 uses transport udp, this node udpu: corosync.conf must agree.');
  });

  it('is named once in ten minutes, and counted each time', () => {
    const book = new Book();
    for (let second = 0; second < 1199; second += 1) {
      book.nowMs = second * 1000;
      book.refuse(Buffer.alloc(40, 0x9c));
    }
    expect(book.lines).toHaveLength(2);
    expect(book.lines[1]).toContain('(599 more since the last time)');
    expect(book.trouble.counters()).toEqual({ '10.0.0.7.not_totem': 1199 });
  });

  it('cannot fill memory or log with made up addresses', () => {
    const book = new Book();
    for (let at = 0; at < 100_000; at += 1) {
      book.trouble.note(`10.1.${at >> 8}.${at & 255}`, 'not_totem', () => 'a line');
    }
    expect(Object.keys(book.trouble.counters())).toHaveLength(257);
    expect(book.trouble.counters()['others']).toBe(100_000 - 256);
    expect(book.lines).toHaveLength(257);
  });
});
