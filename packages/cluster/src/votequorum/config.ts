import type { Icmap } from '../cmap/icmap.ts';

/** What decides an even split (5.3 step 5). */
export type TieBreaker =
  | { readonly kind: 'none' }
  | { readonly kind: 'lowest' }
  | { readonly kind: 'highest' }
  | { readonly kind: 'list'; readonly ids: readonly number[] };

/** Settings that are read once, at start. */
export interface StartSettings {
  readonly allowDownscale: boolean;
  readonly waitForAll: boolean;
  /** wait_for_all is not configured: it follows two_node. */
  readonly waitForAllAutomatic: boolean;
  readonly lastManStanding: boolean;
  readonly lastManStandingWindowMs: number;
  readonly expectedVotesTracking: boolean;
  readonly tieBreaker: TieBreaker;
  readonly warnings: readonly string[];
}

/** Where the highest expected votes ever are kept, for expected_votes_tracking (corosync-services.md 5.9). */
export interface ExpectedVotesStore {
  /** @returns 0 when nothing was stored */
  load(): number;
  store(votes: number): void;
}

/** Settings that a reload may change. */
export interface VoteSettings {
  readonly twoNode: boolean;
  readonly votes: number;
  readonly expectedVotes: number;
  readonly deviceVotes: number;
  readonly deviceCanOperate: boolean;
  readonly deviceTimeoutMs: number;
  readonly deviceSyncTimeoutMs: number;
  readonly lastManStanding: boolean;
  readonly tieBreaker: TieBreaker;
  /** Log lines of level crit or warning. */
  readonly warnings: readonly string[];
}

/** A configuration that votequorum refuses: at start the daemon ends, at run time it goes on with what it had. */
export class VotequorumConfigError extends Error {
  readonly code = 'VOTEQUORUM_CONFIG';
}

export function readStartSettings(icmap: Icmap): StartSettings {
  const on = (key: string): boolean => (icmap.number(`quorum.${key}`) ?? 0) !== 0;
  const warnings: string[] = [];
  return {
    allowDownscale: on('allow_downscale'),
    waitForAll: on('wait_for_all'),
    waitForAllAutomatic: icmap.get('quorum.wait_for_all') === undefined,
    lastManStanding: on('last_man_standing'),
    lastManStandingWindowMs: icmap.number('quorum.last_man_standing_window') ?? 10_000,
    expectedVotesTracking: on('expected_votes_tracking') || on('allow_downscale'),
    tieBreaker: readTieBreaker(icmap.text('quorum.auto_tie_breaker_node'), on('auto_tie_breaker'), warnings),
    warnings,
  };
}

function readTieBreaker(node: string | undefined, enabled: boolean, warnings: string[]): TieBreaker {
  if (!enabled) {
    if (node !== undefined) {
      warnings.push('auto_tie_breaker_node: is meaningless if auto_tie_breaker is set to 0');
    }
    return { kind: 'none' };
  }
  if (node === undefined || node === 'lowest') return { kind: 'lowest' };
  if (node === 'highest') return { kind: 'highest' };
  const ids: number[] = [];
  for (const word of node.trim().split(/\s+/)) {
    const id = /^\d+$/.test(word) ? Number(word) : 0;
    if (id === 0) break;
    ids.push(id);
  }
  if (ids.length > 0) return { kind: 'list', ids };
  warnings.push(
    "auto_tie_breaker_nodes is not valid. It must be 'lowest', 'highest' or a space-separated list of node IDs. " +
      'auto_tie_breaker is disabled',
  );
  return { kind: 'none' };
}

interface Counted {
  readonly count: number;
  readonly sum: number;
  readonly own: number;
}

function countNodelist(icmap: Icmap): Counted | undefined {
  const local = icmap.number('nodelist.local_node_pos');
  if (local === undefined) return undefined;
  let count = 0;
  let sum = 0;
  let own = 1;
  const positions = new Set(icmap.list('nodelist.node.').map(([key]) => Number(key.split('.')[2])));
  for (const position of positions) {
    const votes = icmap.number(`nodelist.node.${position}.quorum_votes`) ?? 1;
    count += 1;
    sum += votes;
    if (position === local) own = votes;
  }
  return { count, sum, own };
}

/**
 * Reads the votes (corosync-services.md 5.3 steps 1 to 13).
 * @param runtime a re-read; device errors then only disable the device
 * @param storedBarrier the highest expected votes ever, with expected_votes_tracking; it replaces quorum.expected_votes
 * @throws {VotequorumConfigError} with the reference's text
 */
export function readVoteSettings(
  icmap: Icmap,
  start: StartSettings,
  runtime: { deviceRegistered: boolean } | undefined,
  storedBarrier: number | undefined,
): VoteSettings {
  const warnings: string[] = [];
  const expected = icmap.number('quorum.expected_votes') ?? 0;
  const nodes = countNodelist(icmap);
  if (nodes === undefined && expected === 0) {
    throw new VotequorumConfigError('configuration error: nodelist or quorum.expected_votes must be configured!');
  }
  const hasDevice = (icmap.text('quorum.device.model') ?? '') !== '';
  const automatic = hasDevice && icmap.number('quorum.device.votes') === undefined;
  let deviceVotes = hasDevice ? (icmap.number('quorum.device.votes') ?? 0) : 0;
  let deviceCanOperate = hasDevice;
  let twoNode = (icmap.number('quorum.two_node') ?? 0) !== 0;
  const refuse = (text: string): void => {
    if (runtime === undefined) throw new VotequorumConfigError(text);
    warnings.push(text, 'disabling quorum device operations');
    deviceCanOperate = false;
  };
  if (twoNode && hasDevice) {
    const text = 'configuration error: two_node and quorum device cannot be configured at the same time!';
    if (runtime === undefined) throw new VotequorumConfigError(text);
    if (runtime.deviceRegistered) {
      twoNode = false;
      warnings.push('quorum device is registered, disabling two_node');
    } else {
      deviceCanOperate = false;
      warnings.push('quorum device is not registered, allowing two_node');
    }
  }
  let tieBreaker = start.tieBreaker;
  if (twoNode && tieBreaker.kind !== 'none') {
    warnings.push('two_node and auto_tie_breaker are both specified but are not compatible.');
    warnings.push('two_node has been disabled, please fix your corosync.conf');
    twoNode = false;
  }
  const sum = nodes?.sum ?? 0;
  const waits = start.waitForAllAutomatic ? twoNode : start.waitForAll;
  if (tieBreaker.kind !== 'none' && sum % 2 === 1 && !waits) {
    if (start.lastManStanding) {
      throw new VotequorumConfigError(
        'configuration error: auto_tie_breaker & last_man_standing not available in odd sized cluster',
      );
    }
    warnings.push('auto_tie_breaker is set and the cluster has an odd number of nodes.');
    warnings.push('wait_for_all needs to be set for this configuration but it is missing');
    warnings.push('Therefore auto_tie_breaker has been disabled. Please fix your corosync.conf');
    tieBreaker = { kind: 'none' };
  }
  if (hasDevice) {
    const incompatible = 'configuration error: quorum.device is not compatible with';
    if (start.lastManStanding) refuse(`${incompatible} last_man_standing`);
    if (tieBreaker.kind !== 'none') refuse(`${incompatible} auto_tie_breaker`);
    if (start.allowDownscale) refuse(`${incompatible} allow_downscale`);
    if (expected > 0 && automatic) {
      refuse('configuration error: quorum.device.votes must be specified when quorum.expected_votes is set');
    }
    if (automatic && nodes !== undefined && nodes.count !== nodes.sum) {
      refuse('configuration error: quorum.device.votes must be specified when not all nodes votes 1');
    }
    if (deviceVotes > 0 && expected > 0 && expected - deviceVotes < 2) {
      refuse('configuration error: quorum.device.votes is too high or expected_votes is too low');
    }
  }
  let total = sum;
  if (automatic && expected === 0 && nodes !== undefined && nodes.count === sum) {
    deviceVotes = sum - 1;
    total = 2 * sum - 1;
  }
  return {
    twoNode,
    votes: nodes?.own ?? icmap.number('quorum.votes') ?? 1,
    expectedVotes: (storedBarrier ?? expected) || total,
    deviceVotes,
    deviceCanOperate,
    deviceTimeoutMs: icmap.number('quorum.device.timeout') || 10_000,
    deviceSyncTimeoutMs: icmap.number('quorum.device.sync_timeout') || 30_000,
    lastManStanding: start.lastManStanding,
    tieBreaker,
    warnings,
  };
}

/** Stores what votequorum has decided, as `runtime.votequorum.NAME` (7.4). */
export function storeRuntimeKey(icmap: Icmap, name: string, type: 'u8' | 'u32', value: number): void {
  icmap.set(`runtime.votequorum.${name}`, { type, value });
}
