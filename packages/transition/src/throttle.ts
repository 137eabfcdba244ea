/** Load modes as they are sent (`crm-limit-mode`), controller.md 8.5. */
export const throttleMode = { none: 0, low: 0x1, medium: 0x10, high: 0x100, extreme: 0x1000 } as const;
export type ThrottleMode = (typeof throttleMode)[keyof typeof throttleMode];

/** What a node's load is computed from. */
export interface LoadSample {
  /** 1-minute load average. */
  readonly loadAverage: number;
  readonly cpuCores: number;
  /** CPU time of the cib daemon since the last sample / time since then (0..1); undefined when not known. */
  readonly cibCpuFraction: number | undefined;
  /** Property `load-threshold` as a fraction (default 0.8); 0 or less switches the CIB's limit back to its own. */
  readonly loadThreshold: number;
}

/** Load mode of a node: the larger of what the cib daemon's CPU use and the load average say. */
export function loadMode(sample: LoadSample): ThrottleMode {
  return Math.max(cibMode(sample), averageMode(sample)) as ThrottleMode;
}

function cibMode(sample: LoadSample): ThrottleMode {
  const use = sample.cibCpuFraction;
  if (use === undefined) return throttleMode.none;
  let limit = sample.cpuCores === 1 ? 0.4 : 0.95;
  if (sample.loadThreshold > 0 && sample.loadThreshold < limit) limit = sample.loadThreshold;
  if (use > 1.5 * limit) return throttleMode.extreme;
  if (use > limit) return throttleMode.high;
  if (use > 0.9 * limit) return throttleMode.medium;
  return use > 0.8 * limit ? throttleMode.low : throttleMode.none;
}

function averageMode(sample: LoadSample): ThrottleMode {
  const cores = sample.cpuCores === 1 ? 0.6 : sample.cpuCores;
  const threshold = sample.loadThreshold > 0 ? sample.loadThreshold : 0.8;
  const share = sample.loadAverage / (threshold * cores);
  if (share > 2.0) return throttleMode.high;
  if (share > 1.6) return throttleMode.medium;
  return share > 1.2 ? throttleMode.low : throttleMode.none;
}

/** Jobs that a node takes at most: the first limit that is > 0, else twice its cores. */
export function jobMaximum(limits: readonly (number | undefined)[], cpuCores: number): number {
  for (const limit of limits) if (limit !== undefined && limit > 0) return Math.floor(limit);
  return 2 * cpuCores;
}

/** What the nodes said of their load. The DC asks it how many actions may run. */
export class ThrottleTable {
  readonly #nodes = new Map<string, { mode: number; max: number }>();
  #localMax: number;

  /** @param localMaximum the DC's own job maximum, used for nodes never heard of */
  constructor(localMaximum: number) {
    this.#localMax = localMaximum;
  }

  /** Changes the own maximum (property node-action-limit). */
  setLocalMaximum(maximum: number): void {
    this.#localMax = maximum;
  }

  /** Notes a `throttle` message. */
  record(node: string, mode: number, max: number): void {
    this.#nodes.set(node.toLowerCase(), { mode, max });
  }

  forget(node: string): void {
    this.#nodes.delete(node.toLowerCase());
  }

  /** Actions that may run on a node at the same time, at least 1. */
  nodeLimit(node: string): number {
    const { mode, max } = this.#nodes.get(node.toLowerCase()) ?? { mode: throttleMode.low, max: this.#localMax };
    if (mode >= throttleMode.high) return 1;
    if (mode >= throttleMode.medium) return Math.max(1, Math.trunc(max / 4));
    if (mode >= throttleMode.low) return Math.max(1, Math.trunc(max / 2));
    return Math.max(1, max);
  }

  /** Actions that may run in the whole cluster; 0 = no limit. @param batchLimit the graph's own */
  totalLimit(batchLimit: number, peers: number): number {
    let limit = batchLimit;
    for (const { mode } of this.#nodes.values()) {
      const share = mode >= throttleMode.extreme ? peers / 4 : mode >= throttleMode.high ? peers / 2 : 0;
      if (share === 0) continue;
      const capped = Math.max(1, Math.trunc(share));
      if (limit <= 0 || limit > capped) limit = capped;
    }
    return limit;
  }
}
