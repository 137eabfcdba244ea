/** A configuration that reads well but cannot be run; `message` is the reference's sentence. */
export class ClusterConfigError extends Error {
  readonly code = 'CLUSTER_CONFIG';
  /** What to do about it, where the reference's sentence does not say; logged before it. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }

  /** The reference's log line: most sentences have `parse error in config: ` before them (corosync-services.md 9.6). */
  get logText(): string {
    return bareMessages.test(this.message) ? this.message : `parse error in config: ${this.message}`;
  }
}

const bareMessages =
  /^(Nodeid |Invalid transport type|failed to parse |An IPV6 network requires|.*is not supported yet: write )/;
