import { describe, expect, it } from 'vitest';
import { PACKET_MCAST, PACKET_ORF_TOKEN } from '../codec/header.ts';
import { decodeMcast } from '../codec/mcast.ts';
import { decodeOrfToken, encodeOrfToken, OrfToken, TOKEN_BYTES_MAXIMUM } from '../codec/orf-token.ts';
import type { TotemOptions } from '../config.ts';
import { swapByteOrder } from '../testing/byte-order.ts';
import { PlainRing } from '../testing/plain-ring.ts';
import { seqAdd } from './sequence.ts';
import { SortWindow } from './sort-window.ts';

const holdMs = 180;

/** A ring that has come to rest. */
function restingRing(count: number, options: TotemOptions = {}): PlainRing {
  const plain = new PlainRing(count, options);
  plain.until(() => plain.whole);
  plain.pass(3000);
  return plain;
}

/** Counts what goes to `to` from now on. */
function count(plain: PlainRing, type: number, to: number): { packets: number } {
  const counted = { packets: 0 };
  const { rewrite } = plain;
  plain.rewrite = (from, target, packet) => {
    if (packet[3] === type && target === to) counted.packets += 1;
    return rewrite(from, target, packet);
  };
  return counted;
}

describe('a ring whose sequence numbers are about to wrap', () => {
  /** As if 2^32 - 20 messages had been sent: every number that the nodes remember, and the token that is held. */
  function aged(plain: PlainRing): void {
    const base = 0xffff_ffec;
    for (const { ring } of plain.nodes) {
      const { state } = ring;
      const fields = ['myAru', 'highSeqReceived', 'highDelivered', 'lastReleased', 'lastAru', 'lastSeq'] as const;
      for (const field of fields) state[field] = seqAdd(state[field], base);
      state.tokenSeq = seqAdd(state.tokenSeq, base);
      state.regular = new SortWindow(seqAdd(state.lastReleased, 1));
      if (state.savedToken === undefined) continue;
      const token = new OrfToken();
      expect(decodeOrfToken(state.savedToken, token)).toBeUndefined();
      token.seq = seqAdd(token.seq, base);
      token.aru = seqAdd(token.aru, base);
      token.tokenSeq = seqAdd(token.tokenSeq, base);
      state.savedToken = Buffer.from(encodeOrfToken(token, state.myId, Buffer.alloc(TOKEN_BYTES_MAXIMUM)));
    }
  }

  it.each([0, 0.2])('goes on in order, with a loss of %d', (loss) => {
    const plain = restingRing(3);
    aged(plain);
    plain.network.faults = { ...plain.network.faults, loss };
    for (let number = 0; number < 120; number += 1) plain.send(1 + (number % 3), `m${number}`);
    plain.until(() => plain.nodes.every(({ deliveries }) => deliveries.length === 120), 60_000);
    const [one, two, three] = plain.nodes.map(({ deliveries }) => deliveries.map(({ text }) => text));
    expect(two).toEqual(one);
    expect(three).toEqual(one);
    plain.network.faults = { ...plain.network.faults, loss: 0 };
    plain.pass(1000);
    if (loss > 0) return;
    for (const { ring, changes } of plain.nodes) {
      expect(ring.state.myAru).toBeLessThan(200);
      expect(ring.state.lastReleased).toBe(ring.state.myAru);
      expect(changes.at(-1)?.members).toEqual([1, 2, 3]);
      expect(ring.state.statistics.counters.gather_entered).toBeLessThan(6);
    }
  });
});

describe('a node of the other byte order', () => {
  it.each([1, 2, 3])('is a member like the others, as node %d', (id) => {
    const plain = new PlainRing(3);
    plain.rewrite = (from, _to, packet) => (from === id ? swapByteOrder(packet) : packet);
    plain.until(() => plain.whole);
    for (let number = 0; number < 30; number += 1) plain.send(1 + (number % 3), `m${number}`);
    let toLose = 3;
    plain.rewrite = (from, _to, packet) => {
      const swapped = from === id ? swapByteOrder(packet) : packet;
      if (packet[3] !== PACKET_MCAST || toLose === 0) return swapped;
      toLose -= 1;
      return undefined;
    };
    plain.until(() => plain.nodes.every(({ deliveries }) => deliveries.length === 30));
    const other = plain.node((id % 3) + 1);
    for (const { from, foreign } of other.deliveries) if (from === id) expect(foreign).toBe(true);
    expect(other.deliveries.map(({ text }) => text)).toEqual(plain.node(id).deliveries.map(({ text }) => text));
    plain.pass(4000);
    plain.send((id % 3) + 1, 'through a held token');
    expect(plain.until(() => plain.nodes.every(({ deliveries }) => deliveries.length === 31))).toBeLessThan(20);
  });
});

describe('settings of the ring', () => {
  it.each([
    [2, 2 * 238 + 50],
    // Later than the token timeout: off.
    [5, 1000],
  ])('heartbeat_failures_allowed %d finds a dead node after %d ms', (heartbeatFailuresAllowed, foundMs) => {
    const plain = restingRing(2, { heartbeatFailuresAllowed });
    plain.rewrite = () => undefined;
    const tookMs = plain.until(() => plain.node(2).ring.state.phase === 'gather');
    expect(tookMs).toBeGreaterThan(foundMs - holdMs - 20);
    expect(tookMs).toBeLessThanOrEqual(foundMs + 20);
  });

  it('max_network_delay is part of the heartbeat', () => {
    const plain = restingRing(2, { heartbeatFailuresAllowed: 1, maxNetworkDelay: 500 });
    plain.rewrite = () => undefined;
    expect(plain.until(() => plain.node(2).ring.state.phase === 'gather')).toBeGreaterThan(238 + 500 - holdMs - 20);
  });

  it('seqno_unchanged_const is the number of rotations before the token is held', () => {
    const rotations = (seqnoUnchangedConst: number): number => {
      const plain = restingRing(2, { seqnoUnchangedConst });
      const tokens = count(plain, PACKET_ORF_TOKEN, 2);
      plain.send(1, 'wakes the ring');
      plain.pass(100);
      return tokens.packets;
    };
    expect(rotations(60) - rotations(10)).toBe(50);
  });

  it('hold is how long the token is kept', () => {
    const plain = restingRing(2, { hold: 400, tokenRetransmit: 600 });
    const tokens = count(plain, PACKET_ORF_TOKEN, 2);
    plain.pass(4000);
    expect(tokens.packets).toBeGreaterThanOrEqual(9);
    expect(tokens.packets).toBeLessThanOrEqual(11);
  });

  it('miss_count_const is the number of tokens that show a message missing before it is asked for', () => {
    const tokensUntilSentAgain = (missCountConst: number): number => {
      const plain = restingRing(2, { missCountConst });
      let lost = false;
      plain.rewrite = (_from, to, packet) => {
        if (lost || to !== 2 || packet[3] !== PACKET_MCAST) return packet;
        lost = true;
        return undefined;
      };
      plain.send(1, 'lost at first');
      plain.until(() => lost);
      const tokens = count(plain, PACKET_ORF_TOKEN, 2);
      plain.until(() => plain.node(2).deliveries.length === 1);
      return tokens.packets;
    };
    expect(tokensUntilSentAgain(12) - tokensUntilSentAgain(5)).toBe(7);
  });

  it('max_messages and window_size limit what is sent in a visit, and in a rotation', () => {
    const plain = restingRing(2, { maxMessages: 8, windowSize: 12 });
    const visits: { node: number; sent: number }[] = [];
    let sent = 0;
    plain.rewrite = (from, _to, packet) => {
      const header = packet[3] === PACKET_MCAST ? decodeMcast(packet) : undefined;
      if (header !== undefined) sent += 1;
      if (packet[3] === PACKET_ORF_TOKEN) {
        visits.push({ node: from, sent });
        sent = 0;
      }
      return packet;
    };
    for (let number = 0; number < 200; number += 1) plain.send(1 + (number % 2), `m${number}`);
    plain.until(() => plain.nodes.every(({ deliveries }) => deliveries.length === 200));
    expect(Math.max(...visits.map((visit) => visit.sent))).toBe(8);
    const rotations = visits.slice(1).map((visit, index) => visit.sent + (visits[index]?.sent ?? 0));
    expect(Math.max(...rotations)).toBe(12);
  });

  it('fail_recv_const is the number of rotations with a stuck aru before a node gives up', () => {
    const rotations = (failRecvConst: number): number => {
      const plain = restingRing(2, { failRecvConst, missCountConst: 100_000 });
      plain.rewrite = (_from, to, packet) => (to === 2 && packet[3] === PACKET_MCAST ? undefined : packet);
      plain.send(1, 'never comes');
      const tokens = count(plain, PACKET_ORF_TOKEN, 2);
      plain.until(() => plain.node(2).ring.state.phase === 'gather', 100_000);
      return tokens.packets;
    };
    expect(rotations(60) - rotations(20)).toBe(40);
  });

  it('token_retransmit is when a token that was lost is sent again', () => {
    const plain = restingRing(2, { tokenRetransmit: 300, hold: 100 });
    let lostAtMs = 0;
    plain.rewrite = (_from, to, packet) => {
      if (lostAtMs > 0 || to !== 2 || packet[3] !== PACKET_ORF_TOKEN) return packet;
      lostAtMs = plain.world.nowMs;
      return undefined;
    };
    plain.until(() => lostAtMs > 0);
    const tokens = count(plain, PACKET_ORF_TOKEN, 2);
    plain.until(() => tokens.packets > 0);
    // It was held for 100 ms of these when it was lost.
    expect(Math.round((plain.world.nowMs - lostAtMs) / 10)).toBe(20);
    expect(plain.whole).toBe(true);
  });
});
