import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bzip2Compress, bzip2Decompress } from './bzip2.ts';
import {
  COMPRESS_FROM_BYTES,
  decodeClusterFrame,
  encodeClusterFrame,
  FRAME_HEADER_BYTES,
  FrameFormatError,
  type FrameInput,
  readFrameAddress,
} from './frame.ts';

interface Vector {
  group: string;
  kind: string;
  header: {
    msg_id: number;
    is_compressed: number;
    host: { id: number; type: number; uname: string };
    sender: { pid: number; type: number; uname: string };
  };
  hex: string;
  xml: string;
}

describe.skipIf(!haveShared())('frames captured from Pacemaker', () => {
  const vectors = haveShared()
    ? (JSON.parse(readFileSync(sharedPath('vectors', 'pacemaker', 'frames.json'), 'utf8')) as Vector[])
    : [];

  it.each(vectors.map((vector) => [`${vector.group} ${vector.kind}`, vector] as const))('%s', (_name, vector) => {
    const bytes = Buffer.from(vector.hex, 'hex');
    const frame = decodeClusterFrame(bytes);
    expectText(frame.text, vector.xml);
    expect(frame.host).toMatchObject({ id: vector.header.host.id, name: vector.header.host.uname });
    expect(frame.sender).toMatchObject({ pid: vector.header.sender.pid, name: vector.header.sender.uname });
    expect(frame.compressed).toBe(vector.header.is_compressed === 1);
    const again = encodeClusterFrame({
      messageId: frame.messageId,
      host: frame.host.id === 0 ? undefined : frame.host,
      hostType: frame.host.type,
      sender: frame.sender,
      text: frame.text,
    });
    expect(again.equals(bytes)).toBe(true);
  });
});

/** Long texts are cut in the vectors: `BEGINNING...(N characters, md5 of the whole text HEX)`. */
function expectText(text: string, expected: string): void {
  const cut = /^(.*)\.\.\.\((\d+) characters, md5 of the whole text ([0-9a-f]+)\)$/s.exec(expected);
  const whole = cut === null ? text === expected : text.startsWith(cut[1] ?? '');
  expect(whole, `text of ${text.length} characters differs from the vector`).toBe(true);
  if (cut === null) return;
  expect(text.length).toBe(Number(cut[2]));
  expect(createHash('md5').update(text).digest('hex')).toBe(cut[3]);
}

const input: FrameInput = {
  messageId: 7,
  host: { id: 2, name: 'lb2' },
  hostType: 4,
  sender: { pid: 99, type: 4, name: 'lb1' },
  text: '<a/>',
};

describe('frames', () => {
  it('keeps any text, compressed or not', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.integer({ min: 1, max: 3 }), (seed, factor) => {
        const text = seed.replaceAll('\u0000', '').padEnd(1, 'x').repeat(factor);
        expect(decodeClusterFrame(encodeClusterFrame({ ...input, text })).text).toBe(text);
      }),
    );
    const large = `<a b="${'xyz'.repeat(COMPRESS_FROM_BYTES / 3)}"/>`;
    const frame = encodeClusterFrame({ ...input, text: large });
    expect(frame.length).toBeLessThan(10_000);
    expect(decodeClusterFrame(frame)).toMatchObject({ compressed: true, text: large });
  });

  it('compresses from 131072 bytes with the NUL, not below', () => {
    const below = encodeClusterFrame({ ...input, text: 'x'.repeat(COMPRESS_FROM_BYTES - 2) });
    const at = encodeClusterFrame({ ...input, text: 'x'.repeat(COMPRESS_FROM_BYTES - 1) });
    expect(below.length).toBe(FRAME_HEADER_BYTES + COMPRESS_FROM_BYTES - 1);
    expect(at.readInt32LE(28)).toBe(1);
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, 595)],
    ['shorter than a header', (bytes: Buffer) => bytes.subarray(0, 100)],
    ['another class', (bytes: Buffer) => set(bytes, 0, 1)],
    ['an error', (bytes: Buffer) => set(bytes, 16, 2)],
    ['a wrong size', (bytes: Buffer) => set(bytes, 8, 593)],
    ['a wrong text length', (bytes: Buffer) => set(bytes, 584, 3)],
    ['no NUL', (bytes: Buffer) => set(bytes, bytes.length - 4, 0x61616161)],
    ['two NULs', (bytes: Buffer) => set(bytes, bytes.length - 4, 0x00003e2f)],
    ['no bzip2 stream', (bytes: Buffer) => set(set(bytes, 28, 1), 588, 5)],
    ['a huge length', (bytes: Buffer) => set(set(set(bytes, 28, 1), 588, 5), 584, 0x7fffffff)],
  ])('drops a frame with %s', (_name, spoil) => {
    const bytes = spoil(Buffer.from(encodeClusterFrame(input)));
    expect(() => decodeClusterFrame(bytes)).toThrow(FrameFormatError);
  });

  it('never does anything but decode or refuse random and mutated bytes', () => {
    const good = encodeClusterFrame(input);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(good.length),
        (changes, length) => {
          const bytes = Buffer.from(good);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            decodeClusterFrame(bytes.subarray(0, length));
          } catch (error) {
            expect(error).toBeInstanceOf(FrameFormatError);
          }
        },
      ),
    );
  });

  it('reads the address without the text', () => {
    expect(readFrameAddress(encodeClusterFrame(input))).toEqual({
      host: { id: 2, pid: 0, type: 4, name: 'lb2' },
      sender: { id: 0, pid: 99, type: 4, name: 'lb1' },
    });
  });
});

function set(bytes: Buffer, offset: number, value: number): Buffer {
  bytes.writeInt32LE(value, offset);
  return bytes;
}

describe('bzip2', () => {
  it('refuses another length than it was told', () => {
    const stream = bzip2Compress(Buffer.from('hello'));
    expect(bzip2Decompress(stream, 5).toString()).toBe('hello');
    expect(() => bzip2Decompress(stream, 4)).toThrow(/bzip2/);
    expect(() => bzip2Decompress(stream, 6)).toThrow(/bzip2/);
  });
});
