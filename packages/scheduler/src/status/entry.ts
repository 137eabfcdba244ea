import { scanInteger } from '@sanode/rules';
import { attr, type Element } from '@sanode/xml';
import { mergeSorted } from '../values/merge-sort.ts';
import { sameText } from '../values/names.ts';
import { transitionKey } from './fail-counts.ts';

/** Codes with which agents and executors end (scheduler-1 8.6). */
export const Rc = {
  ok: 0,
  error: 1,
  invalidParameter: 2,
  unimplemented: 3,
  insufficientPrivileges: 4,
  notInstalled: 5,
  notConfigured: 6,
  notRunning: 7,
  promoted: 8,
  failedPromoted: 9,
  degraded: 190,
  degradedPromoted: 191,
  unknown: 193,
} as const;

/** Executors' verdicts about an operation. */
export const OpStatus = {
  pending: -1,
  done: 0,
  cancelled: 1,
  timedOut: 2,
  notSupported: 3,
  error: 4,
  hardError: 5,
  fatalError: 6,
  notInstalled: 7,
  notConnected: 8,
  invalid: 9,
  noFenceDevice: 10,
  noSecrets: 11,
} as const;

/** A history entry, read. */
export interface Entry {
  readonly xml: Element;
  readonly id: string;
  readonly task: string;
  readonly intervalMs: number;
  status: number;
  code: number;
  /** The result as it was recorded. */
  readonly originalCode: number;
  readonly originalStatus: number;
  readonly expected: number;
  readonly key: string;
  readonly callId: number;
  readonly isProbe: boolean;
}

/** Reads an `lrm_rsc_op`; `undefined` for what is not valid. */
export function readEntry(xml: Element): Entry | undefined {
  const id = attr(xml, 'id');
  const task = attr(xml, 'operation');
  const interval = wholeNumber(attr(xml, 'interval') ?? '0');
  const status = wholeNumber(attr(xml, 'op-status') ?? '');
  const code = wholeNumber(attr(xml, 'rc-code') ?? '');
  if (id === undefined || task === undefined || status === undefined || code === undefined) return undefined;
  if (interval === undefined || interval < 0 || interval > 4294967295) return undefined;
  if (status < -1 || status > 11 || status === OpStatus.cancelled || code < 0 || code > 255) return undefined;
  return {
    xml,
    id,
    task,
    intervalMs: interval,
    status,
    code,
    originalCode: code,
    originalStatus: status,
    expected: transitionKey(attr(xml, 'transition-key'))?.expected ?? -1,
    key: historyKey(xml),
    callId: wholeNumber(attr(xml, 'call-id') ?? '') ?? -1,
    isProbe: isProbeEntry(xml),
  };
}

function wholeNumber(text: string): number | undefined {
  const scanned = scanInteger(text);
  return scanned.ok && !scanned.overflow ? scanned.value : undefined;
}

/** Key of an entry: `operation_key`, in old histories the id. */
export function historyKey(xml: Element): string {
  const key = attr(xml, 'operation_key');
  return key !== undefined && key !== '' ? key : (attr(xml, 'id') ?? '');
}

export function isProbeEntry(xml: Element): boolean {
  if (attr(xml, 'operation') !== 'monitor') return false;
  return Math.max(0, wholeNumber(attr(xml, 'interval') ?? '0') ?? 0) === 0;
}

/** A probe that failed in a way that just means "can't run here". */
export function isMaskedProbeFailure(xml: Element, status: number, code: number): boolean {
  if (!isProbeEntry(xml)) return false;
  return code === Rc.notInstalled || code === Rc.invalidParameter || status === OpStatus.notInstalled;
}

function numberOf(xml: Element, name: string): number {
  return wholeNumber(attr(xml, name) ?? '') ?? -1;
}

/** Compares entries by age: positive if `a` is newer (scheduler-1 8.5). */
export function compareEntries(a: Element, b: Element): number {
  const sameNode = sameText(attr(a, 'on_node'), attr(b, 'on_node'));
  if (sameNode && attr(a, 'id') === attr(b, 'id')) return 0;
  const callA = numberOf(a, 'call-id');
  const callB = numberOf(b, 'call-id');
  if (callA === -1 && callB === -1) return 0;
  if (sameNode && callA >= 0 && callA < callB) return -1;
  if (sameNode && callB >= 0 && callA > callB) return 1;
  if (callA >= 0 && callB >= 0 && (!sameNode || callA === callB)) {
    const changeA = numberOf(a, 'last-rc-change');
    const changeB = numberOf(b, 'last-rc-change');
    if (changeA >= 0 && changeA < changeB) return -1;
    return changeB >= 0 && changeA > changeB ? 1 : 0;
  }
  return comparePending(a, b, callA === -1);
}

function comparePending(a: Element, b: Element, aPending: boolean): number {
  const magicA = transitionMagic(attr(a, 'transition-magic'));
  const magicB = transitionMagic(attr(b, 'transition-magic'));
  if (magicA === undefined || magicB === undefined) return 0;
  if (magicA.uuid !== magicB.uuid || magicA.transition === magicB.transition) return aPending ? 1 : -1;
  const [left, right] = [magicA.transition, magicB.transition];
  if ((left >= 0 && left < right) || right === -1) return -1;
  return (right >= 0 && left > right) || left === -1 ? 1 : 0;
}

function transitionMagic(text: string | undefined): ReturnType<typeof transitionKey> {
  const match = /^-?[0-9]+:-?[0-9]+;(.*)$/s.exec(text ?? '');
  return match === null ? undefined : transitionKey(match[1]);
}

/** A resource's entries, oldest first; the list goes in reverse document order into a stable sort. */
export function sortEntries(operations: readonly Element[]): Element[] {
  return mergeSorted([...operations].reverse(), compareEntries);
}

export interface StartStop {
  readonly start: number;
  readonly stop: number;
}

/** Where the last start and the last successful stop are in a sorted history (scheduler-1 8.7). */
export function startStopIndex(sorted: readonly Element[]): StartStop {
  let start = -1;
  let stop = -1;
  let monitor = -1;
  let role = -1;
  for (const [at, xml] of sorted.entries()) {
    const task = attr(xml, 'operation');
    const code = attr(xml, 'rc-code');
    if (task === 'stop' && attr(xml, 'op-status') === '0') stop = at;
    else if (task === 'start' || task === 'migrate_from') start = at;
    else if (task === 'monitor' && monitor <= stop && (code === '0' || code === '8')) monitor = at;
    else if (task === 'promote' || task === 'demote') role = at;
  }
  if (start === -1) start = role >= 0 ? role : monitor;
  return { start, stop };
}
