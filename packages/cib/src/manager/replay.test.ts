import { readFileSync } from 'node:fs';
import { releases } from '@sanode/runtime';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { attr, canonicalText, digestV1, digestV2, type Element, firstChild, parseXml } from '@sanode/xml';
import { describe, expect, it } from 'vitest';
import { cibVersion, emptyCib, formatCibVersion } from '../document/version.ts';
import { modifyingOperations } from '../operations/index.ts';
import { applyPatchset } from '../patchset/apply.ts';
import { performInputOf } from './messages.ts';
import { performRequest } from './perform.ts';

interface LifeEvent {
  seq: number;
  ev: string;
  group: string;
  nodeid: number;
  xml?: string;
  header?: { sender: { uname: string } };
}

interface Replayed {
  op: string;
  request_seq?: number;
  after: string;
  digest_after: string;
  ping_reply_seq?: number;
  version: string;
  digest: string;
}

function load<T>(name: string): T {
  return JSON.parse(readFileSync(sharedPath('vectors', 'pacemaker', name), 'utf8')) as T;
}

describe.skipIf(!haveShared())('a three-node life as captured', () => {
  it('gives every captured version and digest, by requests and by our patchsets', () => {
    const life = load<{ events: LifeEvent[] }>('life.json').events.filter(
      (event) => event.group === 'cib' && event.xml !== undefined,
    );
    const { replay } = load<{ replay: Replayed[] }>('digests.json');
    const byRequest = new Map(replay.filter((entry) => entry.request_seq !== undefined).map((e) => [e.request_seq, e]));
    const byPing = new Map(
      replay.filter((entry) => entry.ping_reply_seq !== undefined).map((e) => [e.ping_reply_seq, e]),
    );
    let cib: Element = emptyCib(releases['2.1']);
    const count = { requests: 0, pings: 0, copies: 0, patchsets: 0 };
    for (const event of life) {
      const message = parseXml(event.xml as string);
      const operation = attr(message, 'cib_op') ?? '';
      const started = count.copies > 0;
      if (modifyingOperations.has(operation)) {
        const isCopy = operation === 'cib_replace' && attr(message, 'cib_update') === 'true';
        const result = performRequest(cib, performInputOf(message), { featureSet: '3.16.1', nowMs: 0 });
        if (isCopy) {
          expect(result.rc, `copy ${event.seq}`).toBe(0);
          expect(digestV2(result.cib, '2.1'), `copy ${event.seq}`).toBe(attr(message, 'digest'));
          if (started) expect(digestV2(cib, '2.1'), `before copy ${event.seq}`).toBe(attr(message, 'digest'));
          count.copies += 1;
        }
        if (result.diff !== undefined && started) {
          // A copy of the same version can differ in traces only, which no version counts.
          const applied = applyPatchset(cib, result.diff, { checkVersions: !isCopy });
          expect(applied.rc, `patchset of ${event.seq}`).toBe(0);
          expect(digestV2(applied.cib as Element, '2.1'), `patchset of ${event.seq}`).toBe(digestV2(result.cib, '2.1'));
          count.patchsets += 1;
        }
        cib = result.cib;
        const expected = byRequest.get(event.seq);
        if (expected !== undefined) {
          expect(formatCibVersion(cibVersion(cib)), `request ${event.seq} ${operation}`).toBe(expected.after);
          expect(digestV2(cib, '2.1'), `request ${event.seq} ${operation}`).toBe(expected.digest_after);
          count.requests += 1;
        }
      } else if (operation === 'ping' && message.name === 'cib-reply') {
        const data = firstChild(message, 'cib_calldata') as Element;
        const pong = firstChild(data, 'ping_response') as Element;
        const expected = byPing.get(event.seq);
        const theirs = firstChild(firstChild(pong, 'cib_calldata') as Element) as Element;
        // A reply may be of a state before or after what is in flight; the real primary ignores such ones.
        if (formatCibVersion(cibVersion(theirs)) !== formatCibVersion(cibVersion(cib))) continue;
        expect(digestV2(cib, '2.1'), `ping ${event.seq}`).toBe(attr(pong, 'digest'));
        if (expected !== undefined) expect(attr(pong, 'digest')).toBe(expected.digest);
        count.pings += 1;
      }
    }
    console.log(count);
    expect(count.requests).toBe(byRequest.size);
    expect(count.pings).toBeGreaterThanOrEqual(byPing.size);
  });

  it('makes the digests of digests.json', () => {
    const digests = load<{
      v2_cib: { canonical_text: string; md5: string }[];
      v1: { text: string; md5: string }[];
      on_disk: Record<string, string>;
    }>('digests.json');
    for (const { canonical_text, md5 } of digests.v2_cib) {
      const cib = parseXml(canonical_text);
      expect(canonicalText(cib, '2.1')).toBe(canonical_text);
      expect(digestV2(cib, '2.1')).toBe(md5);
    }
    for (const { text, md5 } of digests.v1) expect(digestV1(parseXml(text.trim()), '2.1')).toBe(md5);
    expect(digestV1(parseXml(digests.on_disk['cib.xml'] as string), '2.1')).toBe(digests.on_disk['cib.xml.sig']);
  });

  it('makes the digests of the snapshots, both kinds', () => {
    const { snapshots } = load<{ snapshots: Record<string, string>[] }>('cib-snapshots.json');
    for (const snapshot of snapshots) {
      const cib = parseXml(snapshot['xml'] as string);
      expect(`Digest: ${digestV1(cib, '2.1')}`).toBe(snapshot['cibadmin_-5 (v1, on-disk)']);
      const versioned = `Versioned (3.16.1) digest: ${digestV2(cib, '2.1')}`;
      expect(versioned).toBe(snapshot['cibadmin_-6 (versioned)']);
    }
    expect(snapshots.length).toBe(12);
  });
});
