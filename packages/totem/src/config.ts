/** The protocol's settings in effect, mirrored to cmap as `runtime.config.totem.*` (totem.md 5). Times in milliseconds. */
export interface TotemTimings {
  /** Token loss timeout T, the coefficient for more than two nodes included. */
  readonly tokenMs: number;
  readonly tokenRetransmitMs: number;
  /** How long the representative keeps the token of an idle ring. */
  readonly holdMs: number;
  readonly consensusMs: number;
  /** Percentage of T after which a missing token is reported; 0 = never. */
  readonly tokenWarningPercent: number;
  readonly tokenRetransmitsBeforeLossConst: number;
  readonly joinMs: number;
  /** Upper bound of the random delay before a join is sent; 0 = none. */
  readonly sendJoinMs: number;
  readonly mergeMs: number;
  /** Period of the interface check while this node is alone. */
  readonly downcheckMs: number;
  /** Token rotations with a stuck aru before this node declares itself failed to receive. */
  readonly failRecvConst: number;
  /** Rotations without a new message before the token is held. */
  readonly seqnoUnchangedConst: number;
  /** Messages per rotation, whole ring. */
  readonly windowSize: number;
  /** Messages per token visit, one node. */
  readonly maxMessages: number;
  /** Token visits that show a message missing before it is requested. */
  readonly missCountConst: number;
  readonly maxNetworkDelayMs: number;
  /** 0 = no heartbeat. */
  readonly heartbeatFailuresAllowed: number;
  readonly blockUnlistedIps: boolean;
  readonly cancelTokenHoldOnRetransmit: boolean;
}

/** One entry of the nodelist. */
export interface TotemMember {
  /** 1 .. 2^32 - 1 */
  readonly nodeId: number;
  /** Numeric IP address of link 0. */
  readonly address: string;
}

/** Everything a ring needs to know. `nodeId` must be one of `members` (this node included, nodelist order). */
export interface TotemConfig {
  readonly nodeId: number;
  readonly members: readonly TotemMember[];
  readonly timings: TotemTimings;
  /** `totem.netmtu`: 1500 for udp and udpu, 65536 for knet. The largest totempg packet is netmtu - 90. */
  readonly netMtuBytes: number;
}

/** The options of `totem {}` as configured. Absent or 0 means default, but for the four where 0 has a meaning (totem.md 5). */
export interface TotemOptions {
  readonly token?: number | undefined;
  /** 0 is a value. */
  readonly tokenCoefficient?: number | undefined;
  readonly tokenRetransmit?: number | undefined;
  readonly hold?: number | undefined;
  readonly consensus?: number | undefined;
  /** 0 is a value. */
  readonly tokenWarning?: number | undefined;
  readonly tokenRetransmitsBeforeLossConst?: number | undefined;
  readonly join?: number | undefined;
  /** 0 is a value. */
  readonly sendJoin?: number | undefined;
  readonly merge?: number | undefined;
  readonly downcheck?: number | undefined;
  readonly failRecvConst?: number | undefined;
  readonly seqnoUnchangedConst?: number | undefined;
  readonly windowSize?: number | undefined;
  readonly maxMessages?: number | undefined;
  readonly missCountConst?: number | undefined;
  readonly maxNetworkDelay?: number | undefined;
  /** 0 is a value. */
  readonly heartbeatFailuresAllowed?: number | undefined;
  readonly blockUnlistedIps?: boolean | undefined;
  readonly cancelTokenHoldOnRetransmit?: boolean | undefined;
}

const MINIMUM_TIMEOUT_MS = 30;
const MINIMUM_HOLD_MS = 14;

/**
 * The settings in effect for `options` on a ring of `nodeCount` nodelist entries (totem.md 5). Does not validate; see
 * {@link validateTotemTimings}.
 */
export function deriveTotemTimings(options: TotemOptions, nodeCount: number): TotemTimings {
  const coefficient = options.tokenCoefficient ?? 650;
  const tokenMs = (options.token || 3000) + Math.max(0, nodeCount - 2) * coefficient;
  const retransmits = options.tokenRetransmitsBeforeLossConst || 4;
  const tokenRetransmitMs = options.tokenRetransmit || Math.trunc(tokenMs / (retransmits + 0.2));
  return {
    tokenMs,
    tokenRetransmitMs,
    holdMs: options.hold || Math.trunc(tokenRetransmitMs * 0.8 - 10),
    // The reference computes this in single precision.
    consensusMs: options.consensus || Math.trunc(Math.fround(Math.fround(1.2) * Math.fround(tokenMs))),
    tokenWarningPercent: options.tokenWarning ?? 75,
    tokenRetransmitsBeforeLossConst: retransmits,
    joinMs: options.join || 50,
    sendJoinMs: options.sendJoin ?? 0,
    mergeMs: options.merge || 200,
    downcheckMs: options.downcheck || 1000,
    failRecvConst: options.failRecvConst || 2500,
    seqnoUnchangedConst: options.seqnoUnchangedConst || 30,
    windowSize: options.windowSize || 50,
    maxMessages: options.maxMessages || 17,
    missCountConst: options.missCountConst || 5,
    maxNetworkDelayMs: options.maxNetworkDelay || 50,
    heartbeatFailuresAllowed: options.heartbeatFailuresAllowed ?? 0,
    blockUnlistedIps: options.blockUnlistedIps ?? true,
    cancelTokenHoldOnRetransmit: options.cancelTokenHoldOnRetransmit ?? false,
  };
}

/**
 * The first thing wrong with `timings`, in the reference's words (the text behind `parse error in config: `), or
 * undefined when all is well.
 * @param configuredRetransmit whether `token_retransmit` was configured: a derived one that is too small reads differently
 */
export function validateTotemTimings(timings: TotemTimings, configuredRetransmit = false): string | undefined {
  const tooSmall = (name: string, valueMs: number, minimumMs: number): string | undefined =>
    valueMs < minimumMs ? `The ${name} (${valueMs} ms) may not be less than (${minimumMs} ms).` : undefined;
  const derived = 'Not appropriate token or token_retransmits_before_loss_const value set';
  return (
    tooSmall('max_network_delay parameter', timings.maxNetworkDelayMs, MINIMUM_TIMEOUT_MS) ??
    tooSmall('token timeout parameter', timings.tokenMs, MINIMUM_TIMEOUT_MS) ??
    (timings.tokenRetransmitMs < MINIMUM_TIMEOUT_MS && !configuredRetransmit
      ? derived
      : tooSmall('token retransmit timeout parameter', timings.tokenRetransmitMs, MINIMUM_TIMEOUT_MS)) ??
    tooSmall('token hold timeout parameter', timings.holdMs, MINIMUM_HOLD_MS) ??
    tooSmall('join timeout parameter', timings.joinMs, MINIMUM_TIMEOUT_MS) ??
    tooSmall('consensus timeout parameter', timings.consensusMs, MINIMUM_TIMEOUT_MS) ??
    (timings.consensusMs < timings.joinMs
      ? `The consensus timeout parameter (${timings.consensusMs} ms) may not be less than join timeout (${timings.joinMs} ms).`
      : undefined) ??
    tooSmall('merge timeout parameter', timings.mergeMs, MINIMUM_TIMEOUT_MS) ??
    tooSmall('downcheck timeout parameter', timings.downcheckMs, MINIMUM_TIMEOUT_MS) ??
    (timings.tokenWarningPercent < 0 || timings.tokenWarningPercent > 100
      ? `The token warning parameter (${timings.tokenWarningPercent}%) must be between 0 (disabled) and 100.`
      : undefined)
  );
}
