import { readFileSync } from 'node:fs';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { describe, expect, it } from 'vitest';
import { decodeVersion } from './cmap/cmap-service.ts';
import {
  cpgFunction,
  decodeFragment,
  decodeJoinlist,
  decodeMulticast,
  decodeProcess,
  encodeDownlist,
  encodeJoinlist,
  encodeMulticastHeader,
  encodeProcess,
} from './cpg/messages.ts';
import {
  decodeDeviceRegistration,
  decodeDeviceRename,
  decodeNodeInfo,
  decodeReconfigure,
  encodeNodeInfo,
  encodeReconfigure,
} from './votequorum/messages.ts';

interface Vector {
  readonly name: string;
  readonly hex?: string;
  readonly hex_head?: string;
  readonly decoded: Readonly<Record<string, unknown>> & { service: string; fn: string; size: number };
}

const vectors: readonly Vector[] = haveShared()
  ? JSON.parse(readFileSync(sharedPath('vectors', 'services', 'exec-messages.json'), 'utf8')).messages
  : [];
const latin1 = (text: unknown): string => String(text).replace(/\\x00/g, '\0');

/** Zeroes what senders do not initialise (corosync-services.md 0): each listed [start, end). */
function masked(message: Buffer, padding: readonly [number, number][]): Buffer {
  const copy = Buffer.from(message);
  for (const [start, end] of padding) copy.fill(0, start, Math.min(end, copy.length));
  return copy;
}
const headerPadding: [number, number][] = [
  [4, 8],
  [12, 16],
];

describe.skipIf(!haveShared())('captured executive messages', () => {
  const of = (service: string, fn: string) =>
    vectors.filter((v) => v.decoded.service === service && v.decoded.fn === fn);
  const bytes = (vector: Vector): Buffer => Buffer.from(vector.hex ?? vector.hex_head ?? '', 'hex');

  it('decodes and encodes procjoin and procleave', () => {
    const found = [...of('cpg', 'procjoin'), ...of('cpg', 'procleave')];
    expect(found.length).toBeGreaterThanOrEqual(4);
    for (const vector of found) {
      const decoded = decodeProcess(bytes(vector));
      expect(decoded).toEqual({
        group: latin1(vector.decoded['group']),
        pid: vector.decoded['pid'],
        reason: vector.decoded['reason'],
      });
      const fn = vector.decoded.fn === 'procjoin' ? cpgFunction.procjoin : cpgFunction.procleave;
      const padding: [number, number][] = [
        ...headerPadding,
        [20, 24],
        [24 + (decoded?.group.length ?? 0), 152],
        [156, 160],
        [164, 168],
      ];
      const ours = encodeProcess(fn, decoded?.group ?? '', decoded?.pid ?? 0, decoded?.reason ?? 0);
      expect(ours.toString('hex')).toBe(masked(bytes(vector), padding).toString('hex'));
    }
  });

  it('decodes and encodes join lists', () => {
    const found = of('cpg', 'joinlist');
    expect(found.length).toBeGreaterThanOrEqual(2);
    for (const vector of found) {
      const entries = decodeJoinlist(bytes(vector));
      const expected = vector.decoded['entries'] as { pid: number; group: string }[];
      expect(entries).toEqual(expected.map(({ pid, group }) => ({ pid, group: latin1(group) })));
      const padding: [number, number][] = entries.flatMap(({ group }, i): [number, number][] => {
        const at = 24 + 144 * i;
        return [
          [at + 4, at + 8],
          [at + 12, at + 16],
          [at + 16 + group.length, at + 144],
        ];
      });
      expect(encodeJoinlist(entries).toString('hex')).toBe(
        masked(bytes(vector), [[4, 8], [12, 24], ...padding]).toString('hex'),
      );
    }
  });

  it('decodes and encodes multicasts, fragments and down lists', () => {
    const [multicast] = of('cpg', 'mcast');
    if (multicast === undefined) throw new Error('no vector');
    const decoded = decodeMulticast(bytes(multicast));
    expect(decoded?.data.toString('hex')).toBe(multicast.decoded['payload_hex']);
    const ours = Buffer.concat([
      encodeMulticastHeader('demo', 29, { nodeId: 1, token: 0 }, 14),
      decoded?.data ?? Buffer.alloc(0),
    ]);
    const padding: [number, number][] = [...headerPadding, [20, 24], [156, 160], [164, 168], [172, 184]];
    expect(ours.toString('hex')).toBe(masked(bytes(multicast), padding).toString('hex'));
    const first = vectors.find((vector) => vector.name === 'cpg-partial-1');
    const whole = Buffer.concat([bytes(first as Vector).subarray(0, 200), Buffer.alloc(1047552, 0x42)]);
    expect(decodeFragment(whole)).toMatchObject({ group: 'demo', pid: 28, type: 1, totalBytes: 1200000 });
    const downlist = of('cpg', 'downlist').find((vector) => vector.decoded['left_nodes'] === 1);
    if (downlist === undefined) throw new Error('no vector');
    const downPadding: [number, number][] = [...headerPadding, [20, 24], [28, 32], [36, 1568]];
    expect(encodeDownlist(3, [3]).toString('hex')).toBe(masked(bytes(downlist), downPadding).toString('hex'));
  });

  it('decodes and encodes votequorum messages', () => {
    const infos = of('votequorum', 'nodeinfo');
    expect(infos.length).toBeGreaterThanOrEqual(8);
    for (const vector of infos) {
      const info = decodeNodeInfo(bytes(vector));
      const { nodeid, votes, expected_votes, flags } = vector.decoded;
      expect(info).toEqual({ nodeId: nodeid, votes, expectedVotes: expected_votes, flags });
      if (info !== undefined)
        expect(encodeNodeInfo(info).toString('hex')).toBe(masked(bytes(vector), headerPadding).toString('hex'));
    }
    for (const vector of of('votequorum', 'reconfigure')) {
      const change = decodeReconfigure(bytes(vector));
      const { nodeid, value, param } = vector.decoded;
      expect(change).toEqual({ nodeId: nodeid, value, param });
      const padding: [number, number][] = [...headerPadding, [25, 32]];
      if (change !== undefined)
        expect(encodeReconfigure(change).toString('hex')).toBe(masked(bytes(vector), padding).toString('hex'));
    }
    for (const vector of of('votequorum', 'qdevice_reg')) {
      expect(decodeDeviceRegistration(bytes(vector))).toEqual({
        register: vector.decoded['operation'] === 1,
        name: vector.decoded['name'],
      });
    }
    for (const vector of of('votequorum', 'qdevice_reconfigure')) {
      expect(decodeDeviceRename(bytes(vector))).toEqual({ oldName: 'Qdevice', newName: 'Qnew' });
    }
  });

  it('reads config versions', () => {
    const versions = of('cmap', 'mcast').map((vector) => decodeVersion(bytes(vector)));
    expect(versions).toEqual([0n, 5n, 5n]);
  });
});
