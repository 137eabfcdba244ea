import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeFault, rejectHeader } from './header.ts';
import { decodeMcast } from './mcast.ts';
import { decodeCommitToken, decodeHoldCancel, decodeJoin, decodeMergeDetect, encodeJoin } from './membership.ts';
import { decodeOrfToken, encodeOrfToken, OrfToken, TOKEN_BYTES_MAXIMUM } from './orf-token.ts';

const header = (type: number, version = 3): Buffer => {
  const packet = Buffer.alloc(13);
  packet.writeUInt16LE(0xc070);
  packet[2] = version;
  packet[3] = type;
  return packet;
};

describe('datagrams that are none of ours', () => {
  it.each([
    [Buffer.alloc(12), 'Message received from 1.2.3.4 is too short...  Ignoring 12.'],
    [Buffer.alloc(13, 0xff), 'bad magic number (probably sent by Corosync 2.2)..'],
    [Buffer.alloc(13, 1), 'probably sent by unencrypted Kronosnet'],
    [Buffer.alloc(13, 4), 'probably sent by unencrypted Corosync 2.0/2.1/1.x/OpenAIS'],
    [Buffer.alloc(13, 0x7f), 'probably sent by encrypted Kronosnet/Corosync 2.0/2.1/1.x/OpenAIS or unknown'],
    [header(0, 2), 'has unsupported version 2... Ignoring'],
    [header(6), 'has wrong type...  ignoring 6.'],
  ])('are refused in words: %#', (packet, words) => {
    const fault = rejectHeader(packet);
    expect(fault !== undefined && describeFault(fault, packet, '1.2.3.4')).toContain(words);
  });

  it('says what a short or overlong packet lacks', () => {
    expect(decodeOrfToken(header(0), new OrfToken())).toBe('Received orf_token message is too short...  ignoring.');
    expect(decodeOrfToken(Buffer.concat([header(0), Buffer.alloc(1500)]), new OrfToken())).toContain('too long');
    const token = encodeOrfToken(new OrfToken(), 1, Buffer.alloc(TOKEN_BYTES_MAXIMUM));
    token.writeUInt32LE(31, 53);
    expect(decodeOrfToken(token, new OrfToken())).toContain('rtr_entries is corrupted');
    const join = encodeJoin({ leave: false, systemFrom: 1, ringSeq: 1, procList: [1, 2], failedList: [] });
    join.writeUInt32LE(385, 17);
    expect(decodeJoin(join)).toContain('exceeds the maximum allowed value');
    expect(decodeJoin(join.subarray(0, 30))).toContain('too short');
  });

  it('never throw, whatever they hold', () => {
    const token = new OrfToken();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 0, max: 5 }), (bytes, type) => {
        const packet = Buffer.concat([header(type), bytes]);
        decodeOrfToken(packet, token);
        for (const decode of [decodeMcast, decodeMergeDetect, decodeJoin, decodeCommitToken, decodeHoldCancel]) {
          decode(packet);
        }
        return token.rtrCount <= 30;
      }),
    );
  });
});
