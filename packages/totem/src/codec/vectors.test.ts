import { readdirSync, readFileSync } from 'node:fs';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { describe, expect, it } from 'vitest';
import { swapByteOrder } from '../testing/byte-order.ts';
import { PACKET_NAMES, rejectHeader } from './header.ts';
import { decodeMcast, MCAST_HEADER_BYTES, stampMcast, writeMcastHeader } from './mcast.ts';
import {
  decodeCommitToken,
  decodeHoldCancel,
  decodeJoin,
  decodeMergeDetect,
  encodeCommitToken,
  encodeHoldCancel,
  encodeJoin,
  encodeMergeDetect,
} from './membership.ts';
import { decodeOrfToken, encodeOrfToken, OrfToken, TOKEN_BYTES_MAXIMUM } from './orf-token.ts';

/** Bytes that the reference leaves unspecified: `target_nodeid` of the header (totem.md 1.2), arbitrary on udp and udpu. */
const MASKED_OFFSETS = [9, 10, 11, 12];

function must<T>(decoded: T | string): T {
  if (typeof decoded === 'string') throw new Error(decoded);
  return decoded;
}

function recode(packet: Buffer): Buffer {
  switch (PACKET_NAMES[packet[3] as number]) {
    case 'orf_token': {
      const token = new OrfToken();
      expect(decodeOrfToken(packet, token)).toBeUndefined();
      return encodeOrfToken(token, packet.readUInt32LE(5), Buffer.alloc(TOKEN_BYTES_MAXIMUM));
    }
    case 'mcast': {
      const header = must(decodeMcast(packet));
      const again = Buffer.from(packet);
      again.fill(0xee, 0, MCAST_HEADER_BYTES);
      writeMcastHeader(again, header.encapsulated, header.nodeId, header.guarantee);
      stampMcast(again, header.seq, header.thisSeqno, header.ringId);
      expect(header.systemFrom).toBe(header.nodeId);
      return again;
    }
    case 'memb_merge_detect':
      return encodeMergeDetect(must(decodeMergeDetect(packet)));
    case 'memb_join':
      return encodeJoin(must(decodeJoin(packet)));
    case 'memb_commit_token':
      return encodeCommitToken(must(decodeCommitToken(packet)), packet.readUInt32LE(5));
    case 'token_hold_cancel':
      return encodeHoldCancel(must(decodeHoldCancel(packet)), packet.readUInt32LE(5));
    default:
      throw new Error(`no such packet type: ${packet[3]}`);
  }
}

function mask(packet: Buffer): string {
  const masked = Buffer.from(packet);
  for (const offset of MASKED_OFFSETS) masked[offset] = 0;
  return masked.toString('hex');
}

interface Vector {
  readonly hex?: string;
}

function capturedPackets(): Buffer[] {
  const folder = sharedPath('vectors', 'totem');
  const packets: Buffer[] = [];
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.json')) continue;
    const content = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as { vectors?: Vector[]; packets?: Vector[] };
    for (const { hex } of content.vectors ?? content.packets ?? []) {
      if (hex !== undefined) packets.push(Buffer.from(hex, 'hex'));
    }
  }
  return packets;
}

describe.skipIf(!haveShared())('packets of real nodes', () => {
  it('come out again as they went in', () => {
    const packets = capturedPackets();
    let maskedBytes = 0;
    for (const packet of packets) {
      expect(rejectHeader(packet)).toBeUndefined();
      const again = recode(packet);
      for (const offset of MASKED_OFFSETS) if (packet[offset] !== again[offset]) maskedBytes += 1;
      expect(mask(again)).toBe(mask(packet));
    }
    console.log(`${packets.length} compared, ${maskedBytes} bytes masked`);
    expect(packets.length).toBeGreaterThan(1000);
  });

  it('are read the same from a sender of the other byte order', () => {
    for (const packet of capturedPackets()) {
      const foreign = swapByteOrder(packet);
      expect(rejectHeader(foreign)).toBeUndefined();
      if (packet[3] === 0) {
        const [native, swapped] = [new OrfToken(), new OrfToken()];
        expect(decodeOrfToken(packet, native)).toBeUndefined();
        expect(decodeOrfToken(foreign, swapped)).toBeUndefined();
        expect(swapped).toEqual(native);
      } else if (packet[3] === 1) {
        expect(decodeMcast(foreign)).toEqual({ ...must(decodeMcast(packet)), foreignByteOrder: true });
      } else {
        const decode = [decodeMergeDetect, decodeJoin, decodeCommitToken, decodeHoldCancel][(packet[3] as number) - 2];
        expect(decode?.(foreign)).toEqual(decode?.(packet));
      }
    }
  });

  it('name the fields that the captures name', () => {
    const { vectors } = JSON.parse(readFileSync(sharedPath('vectors', 'totem', 'orf_token.json'), 'utf8')) as {
      vectors: { hex: string; decoded: Record<string, unknown> }[];
    };
    for (const { hex, decoded } of vectors) {
      const token = new OrfToken();
      decodeOrfToken(Buffer.from(hex, 'hex'), token);
      const { seq, tokenSeq, aru, aruAddr, backlog, fcc, retransFlg, rtrCount } = token;
      expect({
        seq,
        token_seq: tokenSeq,
        aru,
        aru_addr: aruAddr,
        ring_id: { rep: token.ringRep, seq: token.ringSeq },
        backlog,
        fcc,
        retrans_flg: retransFlg,
        rtr_list_entries: rtrCount,
        rtr_list: token.rtr
          .slice(0, rtrCount)
          .map((entry) => ({ ring_id: { rep: entry.ringRep, seq: entry.ringSeq }, seq: entry.seq })),
      }).toEqual({ ...without(decoded, ['type_name', 'header']) });
    }
  });
});

function without(record: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}
