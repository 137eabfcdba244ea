import { readFileSync } from 'node:fs';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, formatAddress, hostBits, parseAddress, prefixOfNetmask } from './address.ts';
import { announcementFrames, isConflict, neighborAdvertisement, probeFrame } from './frames.ts';
import { formatAddressMessage, parseAddressMessage, parseLinkMessage, parseRouteMessage } from './rtnetlink-codec.ts';

const mac = Buffer.from('02000000890a', 'hex');
const otherMac = Buffer.from('02000000890b', 'hex');
const ip = Buffer.from([10, 89, 1, 50]);
const ip6 = parseAddress('2001:db8:89::50')?.bytes ?? Buffer.alloc(0);

/** Frames of a tcpdump -xx record, as hex. */
function recordedFrames(file: string): string[] {
  const lines = JSON.parse(readFileSync(sharedPath('vectors', 'ocf', 'runs', file), 'utf8')) as string[];
  const frames: string[] = [];
  for (const line of lines) {
    const bytes = /^\s+0x[0-9a-f]+:\s+([0-9a-f ]+)$/.exec(line)?.[1];
    if (bytes === undefined) frames.push('');
    else frames[frames.length - 1] += bytes.replaceAll(' ', '');
  }
  return frames.filter((frame) => frame !== '');
}

describe.skipIf(!haveShared())('frames are byte-equal to the recorded ones', () => {
  it('gratuitous ARP: request and reply in turn', () => {
    const frames = recordedFrames('ipaddr2-arp-send_arp.json');
    expect(frames).toHaveLength(10);
    const ours = announcementFrames(mac, ip).map((frame) => frame.toString('hex'));
    expect(frames).toEqual(frames.map((_, index) => ours[index % 2]));
  });

  it('duplicate detection', () => {
    expect(recordedFrames('ipaddr2-arp-dad.json')[0]).toBe(probeFrame(mac, ip).toString('hex'));
  });

  it('neighbour advertisements, but for the checksum', () => {
    const icmp = (frame: string): string => `${frame.slice(108, 112)}0000${frame.slice(116)}`;
    const ours = neighborAdvertisement(mac, ip6).toString('hex');
    const advertisements = recordedFrames('ipaddr2-na.json').filter((frame) => frame.slice(108, 110) === '88');
    expect(advertisements.length).toBeGreaterThanOrEqual(5);
    for (const frame of advertisements) expect(icmp(frame)).toBe(ours);
  });
});

it('a conflict is someone else with the address, or asking for it', () => {
  const [request] = announcementFrames(otherMac, ip);
  expect(isConflict(request, mac, ip)).toBe(true);
  expect(isConflict(request, otherMac, ip)).toBe(false);
  expect(isConflict(request, mac, Buffer.from([10, 89, 1, 51]))).toBe(false);
  expect(isConflict(probeFrame(otherMac, ip), mac, ip)).toBe(true);
  expect(isConflict(Buffer.alloc(10), mac, ip)).toBe(false);
});

describe('addresses', () => {
  it('are written as RFC 5952 says', () => {
    const cases: [string, string][] = [
      ['2001:0DB8:89:0:0:0:0:50', '2001:db8:89::50'],
      ['0:0:0:0:0:0:0:1', '::1'],
      ['::', '::'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
      ['1:0:0:2:3:0:0:4', '1::2:3:0:0:4'],
      ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ];
    for (const [text, canonical] of cases) expect(formatAddress(parseAddress(text)?.bytes ?? ip)).toBe(canonical);
    expect(parseAddress('2001:db8::g')).toBeUndefined();
    expect(parseAddress('fe80::1%e0')).toBeUndefined();
  });

  it('come back from their text (property)', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.array(fc.constantFrom(0, 0, 0, 1), { minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, (value) => {
        expect(parseAddress(formatAddress(Buffer.from(value)))?.bytes).toEqual(Buffer.from(value));
      }),
    );
  });

  it('are covered by networks, have host bits and netmasks', () => {
    expect(covers(Buffer.from([10, 90, 0, 0]), 15, ip)).toBe(false);
    expect(covers(Buffer.from([10, 88, 0, 0]), 15, ip)).toBe(true);
    expect(covers(ip, 32, ip)).toBe(true);
    expect(hostBits(ip, 28, true)).toEqual(Buffer.from([10, 89, 1, 63]));
    expect(hostBits(ip, 28, false)).toEqual(Buffer.from([10, 89, 1, 48]));
    expect(['255.255.255.0', '255.255.255.255', '0.0.0.0', '255.255.255.1'].map(prefixOfNetmask)).toEqual([
      24,
      32,
      0,
      undefined,
    ]);
  });
});

it('netlink messages survive being written and read; garbage does no harm (property)', () => {
  const message = formatAddressMessage({
    bytes: ip,
    prefix: 24,
    index: 7,
    scope: 0,
    label: 'e0:vip',
    broadcast: Buffer.from([10, 89, 1, 255]),
    flags: 0x200,
  });
  expect(parseAddressMessage(message)).toMatchObject({
    prefix: 24,
    index: 7,
    flags: 0x200,
    label: 'e0:vip',
    local: ip,
  });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const parse of [parseAddressMessage, parseRouteMessage, parseLinkMessage]) {
        try {
          parse(Buffer.from(bytes));
        } catch (error) {
          // An attribute too short for its type; the kernel sends none.
          expect(error).toBeInstanceOf(RangeError);
        }
      }
    }),
  );
});
