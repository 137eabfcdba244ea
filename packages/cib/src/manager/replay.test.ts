import { readFileSync } from 'node:fs';
import { releases } from '@sanode/runtime';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { attr, canonicalText, descend, digestV1, digestV2, type Element, parseXml } from '@sanode/xml';
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

interface Counts {
  requests: number;
  pings: number;
  /** Ping replies of a node that has another version than ours: the real primary ignores them too. */
  stalePings: number;
  copies: number;
  patchsets: number;
}

/** Carries out every captured request from the first full copy on, and compares with every digest that was sent. */
function replayCapture(name: string, byRequest: ReadonlyMap<number | undefined, Replayed>): Counts {
  const { events } = load<{ events: LifeEvent[] }>(name);
  const count: Counts = { requests: 0, pings: 0, stalePings: 0, copies: 0, patchsets: 0 };
  let cib: Element = emptyCib(releases['2.1']);
  for (const event of events) {
    if (event.group !== 'cib' || event.xml === undefined) continue;
    const message = parseXml(event.xml);
    const operation = attr(message, 'cib_op') ?? '';
    if (modifyingOperations.has(operation)) cib = replayRequest(event, message, cib, count, byRequest.get(event.seq));
    else if (operation === 'ping' && message.name === 'cib-reply' && count.copies > 0)
      comparePing(event, message, cib, count);
  }
  return count;
}

function replayRequest(
  event: LifeEvent,
  message: Element,
  cib: Element,
  count: Counts,
  expected: Replayed | undefined,
): Element {
  const isCopy = attr(message, 'cib_update') === 'true';
  if (count.copies === 0 && !isCopy) return cib;
  const result = performRequest(cib, performInputOf(message), {
    featureSet: '3.16.1',
    release: releases['2.1'],
    nowMs: 0,
  });
  if (isCopy) {
    expect(result.rc, `copy ${event.seq}`).toBe(0);
    expect(digestV2(result.cib, '2.1'), `copy ${event.seq}`).toBe(attr(message, 'digest'));
    // We had got to the same document by ourselves.
    if (count.copies > 0) expect(digestV2(cib, '2.1'), `before copy ${event.seq}`).toBe(attr(message, 'digest'));
    count.copies += 1;
  }
  if (result.diff !== undefined && count.copies > 0 && !(isCopy && count.copies === 1)) {
    // A copy of the same version can differ in traces only, which no version counts.
    const applied = applyPatchset(cib, result.diff, { checkVersions: !isCopy });
    expect(applied.rc, `patchset of ${event.seq}`).toBe(0);
    expect(digestV2(applied.cib as Element, '2.1'), `patchset of ${event.seq}`).toBe(digestV2(result.cib, '2.1'));
    count.patchsets += 1;
  }
  if (expected !== undefined) {
    expect(formatCibVersion(cibVersion(result.cib)), `request ${event.seq}`).toBe(expected.after);
    expect(digestV2(result.cib, '2.1'), `request ${event.seq}`).toBe(expected.digest_after);
    count.requests += 1;
  }
  return result.cib;
}

function comparePing(event: LifeEvent, message: Element, cib: Element, count: Counts): void {
  const pong = descend(message, 'cib_calldata', 'ping_response') as Element;
  const theirs = descend(pong, 'cib_calldata', 'cib') as Element;
  if (formatCibVersion(cibVersion(theirs)) !== formatCibVersion(cibVersion(cib))) {
    count.stalePings += 1;
    return;
  }
  expect(digestV2(cib, '2.1'), `ping ${event.seq}`).toBe(attr(pong, 'digest'));
  count.pings += 1;
}

describe.skipIf(!haveShared())('a three-node life as captured', () => {
  it('gives every version and digest of the start, by requests and by our patchsets', () => {
    const { replay } = load<{ replay: Replayed[] }>('digests.json');
    const byRequest = new Map(replay.filter((entry) => entry.request_seq !== undefined).map((e) => [e.request_seq, e]));
    const count = replayCapture('life.json', byRequest);
    console.log(count);
    expect(count).toEqual({ requests: 242, copies: 8, pings: 42, stalePings: 1, patchsets: 178 });
  });

  it.each([
    ['dc-loss.json', { requests: 0, copies: 1, pings: 2, stalePings: 0 }],
    ['fencing-and-merge.json', { requests: 0, copies: 1, pings: 3, stalePings: 0 }],
  ] as const)('gives every digest of %s from its first full copy on', (name, expected) => {
    const count = replayCapture(name, new Map());
    console.log(name, count);
    expect(count).toMatchObject(expected);
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
