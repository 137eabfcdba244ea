import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MCAST_HEADER_BYTES } from '../codec/mcast.ts';
import { AssemblySet } from './assembly.ts';
import { groupHeader, splitGroups } from './groups.ts';
import { Packer } from './packer.ts';

const PACKET_BYTES = 1410;

class Sink {
  queueAvailable = 2972;
  readonly packets: Buffer[] = [];
  enqueue(packet: Buffer): void {
    this.packets.push(packet.subarray(MCAST_HEADER_BYTES));
  }
}

interface Case {
  readonly name: string;
  readonly packets: { readonly totempg_hex: string }[];
  readonly messages: {
    readonly length: number;
    readonly payload_sha256: string;
    readonly service: string | null;
    readonly fn: number | null;
  }[];
}

function cases(): Case[] {
  return (
    JSON.parse(readFileSync(sharedPath('vectors', 'totem', 'totempg_reassembly.json'), 'utf8')) as { cases: Case[] }
  ).cases;
}

function assemble(packets: readonly Buffer[]): Buffer[] {
  const set = new AssemblySet();
  return packets.flatMap((packet) => {
    const messages = set.take(1, packet, false);
    if (typeof messages === 'string') throw new Error(messages);
    return messages;
  });
}

describe.skipIf(!haveShared())('totempg packets of real nodes', () => {
  it('give the messages that were in them', () => {
    for (const { packets, messages } of cases()) {
      const got = assemble(packets.map((packet) => Buffer.from(packet.totempg_hex, 'hex')));
      const expected = messages.map((message) => [message.length, message.payload_sha256]);
      const hash = (message: Buffer): string =>
        createHash('sha256')
          .update(splitGroups(message, false)?.payload ?? '')
          .digest('hex');
      expect(got.map((message) => [message.length, hash(message)])).toEqual(expected);
    }
  });

  it.each(['cpg_messages', 'mtu_boundary'])('are packed to the same bytes: %s', (name) => {
    const found = cases().find((candidate) => candidate.name.startsWith(name)) as Case;
    const wanted = found.packets.map((packet) => Buffer.from(packet.totempg_hex, 'hex'));
    const sink = new Sink();
    const packer = new Packer(sink, PACKET_BYTES);
    assemble(wanted).forEach((message, index) => {
      const payload = message.subarray(5);
      // A CPG mcast is sent as its 184-byte header and the client's data; everything else as one segment.
      const isCpgMcast = found.messages[index]?.service === 'cpg' && found.messages[index]?.fn === 3;
      const segments = isCpgMcast ? [payload.subarray(0, 184), payload.subarray(184)] : [payload];
      expect(packer.add([...groupHeader('a'), ...segments])).toBe(true);
      packer.flush();
    });
    expect(sink.packets.map((packet) => packet.toString('hex'))).toEqual(
      wanted.map((packet) => packet.toString('hex')),
    );
  });

  it('number the fragments of a long message as the reference does', () => {
    const { packets } = JSON.parse(
      readFileSync(sharedPath('vectors', 'totem', 'totempg_fragment_wrap.json'), 'utf8'),
    ) as {
      packets: { fragmented: number; continuation: number; msg_lens: number[] }[];
    };
    const sink = new Sink();
    const packer = new Packer(sink, PACKET_BYTES);
    packer.add([...groupHeader('a'), Buffer.alloc(168)]);
    packer.flush();
    packer.add([...groupHeader('a'), Buffer.alloc(184), Buffer.alloc(400_000)]);
    packer.flush();
    const got = sink.packets.map((packet) => [packet[4], packet[5], packet.readUInt16LE(8)]);
    expect(got).toEqual(packets.slice(0, got.length).map((p) => [p.fragmented, p.continuation, p.msg_lens[0]]));
    expect(got.length).toBe(287);
  });
});

describe('packing', () => {
  it('finishes before messages go to another queue what it has begun, and then only that', () => {
    const sink = new Sink();
    const packer = new Packer(sink, PACKET_BYTES);
    packer.add([...groupHeader('a'), Buffer.alloc(100)]);
    packer.finishMessage();
    expect(sink.packets).toHaveLength(0);
    packer.add([...groupHeader('a'), Buffer.alloc(1380)]);
    expect(sink.packets).toHaveLength(1);
    packer.finishMessage();
    expect(sink.packets).toHaveLength(2);
    expect(assemble(sink.packets)).toHaveLength(2);
    packer.add([...groupHeader('a'), Buffer.alloc(100)]);
    packer.finish();
    expect(assemble(sink.packets)).toHaveLength(3);
  });

  it('loses nothing, whatever is sent', () => {
    const message = fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(message, fc.boolean()), { maxLength: 12 }), (messages) => {
        const sink = new Sink();
        const packer = new Packer(sink, PACKET_BYTES);
        messages.forEach(([lengths, flush], index) => {
          packer.add([...groupHeader('sync'), ...lengths.map((length) => Buffer.alloc(length, index + 1))]);
          if (flush) packer.flush();
        });
        packer.flush();
        expect(sink.packets.every((packet) => packet.length <= PACKET_BYTES)).toBe(true);
        const got = assemble(sink.packets).map((bytes) => splitGroups(bytes, false)?.payload);
        expect(got.map((payload) => [payload?.length, payload?.at(0), payload?.at(-1)])).toEqual(
          messages.map(([lengths], index) => {
            const length = lengths.reduce((sum, part) => sum + part, 0);
            const byte = length === 0 ? undefined : index + 1;
            return [length, byte, byte];
          }),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a message that the queue has no room for and takes nothing of it', () => {
    const sink = new Sink();
    sink.queueAvailable = 2;
    const packer = new Packer(sink, PACKET_BYTES);
    expect(packer.add([Buffer.alloc(3000)])).toBe(false);
    expect(sink.packets).toEqual([]);
    packer.flush();
    expect(sink.packets).toEqual([]);
  });
});

describe('assembling', () => {
  const packets = (lengths: readonly number[]): Buffer[] => {
    const sink = new Sink();
    const packer = new Packer(sink, PACKET_BYTES);
    for (const length of lengths) packer.add([...groupHeader('a'), Buffer.alloc(length, length % 251)]);
    packer.flush();
    return sink.packets;
  };

  it('drops everything up to the next whole end after a piece was missed', () => {
    const long = packets([4000]);
    const set = new AssemblySet();
    expect(set.take(7, long[1] as Buffer, false)).toEqual([]);
    expect(set.take(7, long[2] as Buffer, false)).toEqual([]);
    expect(set.take(7, packets([10])[0] as Buffer, false)).toHaveLength(1);
  });

  it('drops only the message that a piece was missed of, not what shares a packet with its end', () => {
    const shared = packets([1000, 1000, 100]);
    expect(shared).toHaveLength(2);
    const messages = new AssemblySet().take(7, shared[1] as Buffer, false) as Buffer[];
    expect(messages.map((message) => splitGroups(message, false)?.payload.length)).toEqual([100]);
  });

  it('keeps the nodes apart and forgets those that left', () => {
    const long = packets([2000]);
    const set = new AssemblySet();
    set.take(1, long[0] as Buffer, false);
    set.take(2, long[0] as Buffer, false);
    set.forget([1]);
    expect(set.take(1, long[1] as Buffer, false)).toEqual([]);
    expect(set.take(2, long[1] as Buffer, false)).toHaveLength(1);
  });

  it('says what is wrong with a packet whose lengths do not add up', () => {
    const packet = packets([10])[0] as Buffer;
    expect(new AssemblySet().take(3, packet.subarray(0, -1), false)).toContain("doesn't have expected length of");
    expect(new AssemblySet().take(3, packet.subarray(0, 7), false)).toContain('is too short');
  });

  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, foreign) => {
        new AssemblySet().take(1, Buffer.from(bytes), foreign);
        splitGroups(Buffer.from(bytes), foreign);
      }),
    );
  });
});
