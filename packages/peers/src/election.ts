import { compareVersions, Envelopes } from '@sanode/messages';
import type { CoreHost, Timer } from '@sanode/runtime';
import { attr, type Element } from '@sanode/xml';

/** State of an election, with the numbers that attrd sends in `attr_writer`. */
export const electionState = { start: 0, inProgress: 1, lost: 2, won: 3 } as const;
export type ElectionState = (typeof electionState)[keyof typeof electionState];

/** Time in which a loss makes us lose again, whole seconds (loss dampening). */
const LOSS_DAMPENING_S = 2;
const STORM_WINDOW_MS = 2000;
/** The age is kept as long as it is asked for again within this time. */
const AGE_CACHE_MS = 2000;

/** What an election needs of its daemon. */
export interface ElectionHost extends CoreHost {
  /** User CPU time of this process so far, microseconds. */
  userCpuMicroseconds(): number;
  /** Names of the active peers, the local node included when it is active. */
  activePeers(): readonly string[];
  /** Number of cached peers, for the storm check. */
  knownPeerCount(): number;
  /** Whether this node may win now (controller: not S_STARTING; attrd: not shutting down). */
  canWin(): boolean;
  send(to: string | undefined, message: Element): void;
  /** All votes are in, or the time is over: this node won. */
  electionWon(): void;
  /** This node lost to the named peer. */
  electionLost?(to: string): void;
  /** This node beats a peer's vote and must vote itself. Default: it does so at once. */
  electionWanted?(): void;
}

export interface ElectionOptions {
  readonly localName: string;
  readonly localUuid: string;
  readonly featureSet: string;
  /** Time after which this node counts as winner although votes are missing, ms. */
  readonly timeoutMs: number;
  /** Attribute `t` and subsystem of its messages. Default `crmd` (attrd says `attrd` from release 3.0 on). */
  readonly subsystem?: string;
}

/** The election that the controllers and the attribute managers hold (controller.md 5). Pure. */
export class Election {
  readonly #host: ElectionHost;
  readonly #options: ElectionOptions;
  readonly #envelopes: Envelopes;
  readonly #voted = new Map<string, 'vote' | 'no-vote'>();
  #timeoutMs: number;
  #state: ElectionState = electionState.start;
  #round = 0;
  #timer: Timer | undefined;
  #lastLossS = 0;
  #wins = 0;
  #stormEndsMs = 0;
  #age: { micros: number; usedAtMs: number } | undefined;

  /** @param deps.envelopes the daemon's own, so that references are counted together */
  constructor(deps: { host: ElectionHost; envelopes?: Envelopes }, options: ElectionOptions) {
    this.#host = deps.host;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs;
    this.#envelopes = deps.envelopes ?? new Envelopes({ wallMs: () => deps.host.wallMs() }, options);
  }

  get state(): ElectionState {
    return this.#state;
  }

  /** Number of this node's last round, from 1; 0 before the first. */
  get round(): number {
    return this.#round;
  }

  setTimeoutMs(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs;
  }

  /** Starts a round: broadcasts our vote. Only an active node votes. */
  vote(): void {
    const { localName, localUuid } = this.#options;
    if (!this.#isActive(localName)) {
      this.#host.log.debug({}, 'no vote in the election: this node is not active yet');
      return;
    }
    this.reset();
    this.#state = electionState.inProgress;
    this.#round += 1;
    const age = this.#ageMicros();
    const sys = this.#options.subsystem ?? 'crmd';
    const message = this.#envelopes.request({
      task: 'vote',
      to: sys,
      from: sys,
      origin: 'election_vote',
      type: sys,
      attributes: {
        'election-owner': localUuid,
        'election-id': this.#round,
        'election-age-sec': Math.floor(age / 1_000_000),
        'election-age-nano-sec': age % 1_000_000,
      },
    });
    this.#host.log.info({ round: this.#round }, `election: votes in round ${this.#round}`);
    this.#host.send(undefined, message);
    this.#startTimer();
  }

  /** Stops the round and forgets its votes; the state stays. */
  reset(): void {
    this.stopTimer();
    this.#voted.clear();
  }

  stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A peer is gone: its vote does not count. */
  peerLost(name: string): void {
    this.#voted.delete(name.toLowerCase());
  }

  /** The peer that we lost to is gone: the dampening of our loss ends. */
  clearLoss(): void {
    this.#lastLossS = 0;
  }

  /** Wins at once when every active peer's vote is in. @returns whether it won */
  check(): boolean {
    if (this.#state !== electionState.inProgress || this.#voted.size === 0) return false;
    const active = this.#host.activePeers().length;
    if (this.#voted.size < active) {
      this.#host.log.debug(
        { votes: this.#voted.size, active },
        `election: ${this.#voted.size} of ${active} votes are in`,
      );
      return false;
    }
    this.#win('all votes are in');
    return true;
  }

  /** Counts a vote or no-vote (5.3). @returns the state after it */
  count(message: Element, fromName: string): ElectionState {
    const vote = readVote(message, fromName);
    if (vote === undefined) {
      this.#host.log.warn({ from: fromName }, `election: a vote of ${fromName || 'an unknown node'} is not valid`);
      return this.#state;
    }
    const verdict = this.#judge(vote);
    this.#watchForStorm(verdict === 'win');
    if (verdict === 'done') return this.#state;
    const nowS = Math.floor(this.#host.monotonicMs() / 1000) + 1;
    if (verdict === 'win' && (this.#lastLossS === 0 || nowS - this.#lastLossS > LOSS_DAMPENING_S)) {
      this.#lastLossS = 0;
      this.stopTimer();
      this.#state = electionState.start;
      this.#host.log.info({ from: vote.from, round: vote.round }, `election: beats the vote of ${vote.from}`);
      if (this.#host.electionWanted === undefined) this.vote();
      else {
        this.reset();
        this.#host.electionWanted();
      }
      return this.#state;
    }
    this.#lose(vote, nowS);
    return this.#state;
  }

  #judge(vote: Vote): 'done' | 'win' | 'lose' {
    const { localName, localUuid } = this.#options;
    if (!this.#host.canWin() || !this.#isActive(localName)) return 'lose';
    const isOurs = vote.owner === localUuid;
    if (isOurs && vote.round !== this.#round) return 'done';
    if (!this.#isActive(vote.from)) return 'done';
    if (vote.task === 'no-vote' || sameName(vote.from, localName)) {
      if (!isOurs) {
        this.#host.log.warn({ from: vote.from, owner: vote.owner }, `election: stray ${vote.task} of ${vote.from}`);
      } else if (this.#state === electionState.inProgress) this.#voted.set(vote.from.toLowerCase(), vote.task);
      return 'done';
    }
    return this.#beats(vote) ? 'win' : 'lose';
  }

  /** Older feature set wins, then the longer used process, then the name that sorts first. */
  #beats(vote: Vote): boolean {
    const version = compareVersions(vote.version, this.#options.featureSet);
    if (version !== 0) return version > 0;
    const age = this.#ageMicros();
    if (vote.ageMicros !== age) return vote.ageMicros < age;
    return this.#options.localName.toLowerCase() <= vote.from.toLowerCase();
  }

  #lose(vote: Vote, nowS: number): void {
    this.#lastLossS = nowS;
    this.reset();
    this.#state = electionState.lost;
    // Nobody waits for a no-vote that answers a no-vote, or our own vote; it would be answered again, without end.
    if (vote.task === 'vote' && !sameName(vote.from, this.#options.localName)) this.#sendNoVote(vote);
    this.#host.log.info({ to: vote.from, round: vote.round }, `election: lost to ${vote.from}`);
    this.#host.electionLost?.(vote.from);
  }

  #sendNoVote(vote: Vote): void {
    const sys = this.#options.subsystem ?? 'crmd';
    const message = this.#envelopes.request({
      task: 'no-vote',
      to: sys,
      from: sys,
      host: vote.from,
      origin: 'send_no_vote',
      type: sys,
      attributes: { 'election-owner': vote.owner, 'election-id': vote.round },
    });
    this.#host.send(vote.from, message);
  }

  #win(why: string): void {
    this.reset();
    this.#state = electionState.won;
    this.#host.log.info({ round: this.#round }, `election: won round ${this.#round}, ${why}`);
    this.#host.electionWon();
  }

  #watchForStorm(win: boolean): void {
    const now = this.#host.monotonicMs();
    if (this.#stormEndsMs < now) {
      this.#wins = 0;
      this.#stormEndsMs = now + STORM_WINDOW_MS;
    } else if (win) {
      this.#wins += 1;
      if (this.#wins > (1 + this.#host.knownPeerCount()) ** 2) {
        this.#host.log.warn({ wins: this.#wins }, 'election storm: votes come again and again');
        this.#wins = 0;
        this.#stormEndsMs = now + STORM_WINDOW_MS;
      }
    }
  }

  #startTimer(): void {
    if (this.#timeoutMs <= 0) return;
    this.#timer = this.#host.setTimer(this.#timeoutMs, () => {
      this.#timer = undefined;
      this.#win(`not all voted within ${this.#timeoutMs} ms`);
    });
  }

  #isActive(name: string): boolean {
    return this.#host.activePeers().some((peer) => sameName(peer, name));
  }

  #ageMicros(): number {
    const now = this.#host.monotonicMs();
    if (this.#age === undefined || now - this.#age.usedAtMs > AGE_CACHE_MS) {
      this.#age = { micros: Math.floor(this.#host.userCpuMicroseconds()), usedAtMs: now };
    } else this.#age = { ...this.#age, usedAtMs: now };
    return this.#age.micros;
  }
}

interface Vote {
  readonly task: 'vote' | 'no-vote';
  readonly from: string;
  readonly version: string;
  readonly owner: string;
  readonly round: number;
  readonly ageMicros: number;
}

function readVote(message: Element, from: string): Vote | undefined {
  const task = attr(message, 'crm_task');
  const version = attr(message, 'version');
  const owner = attr(message, 'election-owner');
  const round = integer(attr(message, 'election-id'));
  if ((task !== 'vote' && task !== 'no-vote') || from === '' || version === undefined) return undefined;
  if (owner === undefined || owner === '' || round === undefined) return undefined;
  if (task === 'no-vote') return { task, from, version, owner, round, ageMicros: 0 };
  const seconds = integer(attr(message, 'election-age-sec'));
  const micros = integer(attr(message, 'election-age-nano-sec'));
  if (seconds === undefined || micros === undefined) return undefined;
  return { task, from, version, owner, round, ageMicros: seconds * 1_000_000 + micros };
}

function integer(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
