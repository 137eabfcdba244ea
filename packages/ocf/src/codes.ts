/** OCF exit codes (ocf-agents.md 1.4). */
export const ocf = {
  success: 0,
  generic: 1,
  args: 2,
  unimplemented: 3,
  permission: 4,
  installed: 5,
  configured: 6,
  notRunning: 7,
  runningPromoted: 8,
  failedPromoted: 9,
  degraded: 190,
  degradedPromoted: 191,
} as const;

/** An operation's exit code, 0 to 255. Agents return one of {@link ocf}, or what a checked program said. */
export type OcfCode = number;
