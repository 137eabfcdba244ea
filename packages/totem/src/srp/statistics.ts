const SAMPLE_COUNT = 100;

/** Counters of the ring, named as in cmap `stats.srp.` (totem.md 9). */
export class RingStatistics {
  readonly counters = {
    orf_token_tx: 0,
    orf_token_rx: 0,
    memb_merge_detect_tx: 0,
    memb_merge_detect_rx: 0,
    memb_join_tx: 0,
    memb_join_rx: 0,
    mcast_tx: 0,
    mcast_retx: 0,
    mcast_rx: 0,
    memb_commit_token_tx: 0,
    memb_commit_token_rx: 0,
    token_hold_cancel_tx: 0,
    token_hold_cancel_rx: 0,
    operational_entered: 0,
    operational_token_lost: 0,
    gather_entered: 0,
    gather_token_lost: 0,
    commit_entered: 0,
    commit_token_lost: 0,
    recovery_entered: 0,
    recovery_token_lost: 0,
    consensus_timeouts: 0,
    rx_msg_dropped: 0,
    continuous_gather: 0,
    continuous_sendmsg_failures: 0,
    firewall_enabled_or_nic_failure: 0,
  };

  /** Times that this process was not run for longer than half the token timeout, and for how long, ms. */
  readonly pauses = { count: 0, last_ms: 0, total_ms: 0 };

  /** When the last accepted token came, 0 before the first. */
  lastTokenMs = 0;
  readonly #receivedMs = new Float64Array(SAMPLE_COUNT);
  readonly #sentMs = new Float64Array(SAMPLE_COUNT);
  readonly #backlog = new Float64Array(SAMPLE_COUNT);
  #samples = 0;

  /** This process was not run for `pausedMs`. */
  paused(pausedMs: number): void {
    this.pauses.count += 1;
    this.pauses.last_ms = Math.trunc(pausedMs);
    this.pauses.total_ms += Math.trunc(pausedMs);
  }

  /** A token was accepted. */
  tokenReceived(nowMs: number): void {
    this.lastTokenMs = nowMs;
    this.#receivedMs[this.#samples % SAMPLE_COUNT] = nowMs;
  }

  /** The token that was accepted last is done with. */
  tokenSent(nowMs: number, backlog: number): void {
    const slot = this.#samples % SAMPLE_COUNT;
    this.#sentMs[slot] = nowMs;
    this.#backlog[slot] = backlog;
    this.#samples += 1;
  }

  /** Sets all counters to 0. */
  clear(): void {
    for (const name of Object.keys(this.counters) as (keyof RingStatistics['counters'])[]) this.counters[name] = 0;
    this.#samples = 0;
  }

  /** All values by their cmap names; times in ms. */
  snapshot(nowMs: number): Record<string, number> {
    const count = Math.min(this.#samples, SAMPLE_COUNT);
    let workloadMs = 0;
    let backlog = 0;
    for (let slot = 0; slot < count; slot += 1) {
      workloadMs += (this.#sentMs[slot] as number) - (this.#receivedMs[slot] as number);
      backlog += this.#backlog[slot] as number;
    }
    const newest = (this.#samples - 1) % SAMPLE_COUNT;
    const oldest = this.#samples > SAMPLE_COUNT ? this.#samples % SAMPLE_COUNT : 0;
    const spanMs = count > 1 ? (this.#receivedMs[newest] as number) - (this.#receivedMs[oldest] as number) : 0;
    return {
      ...this.counters,
      time_since_token_last_received: this.lastTokenMs === 0 ? 0 : Math.trunc(nowMs - this.lastTokenMs),
      mtt_rx_token: count > 1 ? Math.trunc(spanMs / (count - 1)) : 0,
      avg_token_workload: count > 0 ? Math.trunc(workloadMs / count) : 0,
      avg_backlog_calc: count > 0 ? Math.trunc(backlog / count) : 0,
    };
  }
}
