/** A configuration that reads well but cannot be run; `message` is the reference's sentence. */
export class ClusterConfigError extends Error {
  readonly code = 'CLUSTER_CONFIG';
  /** What to do about it, where the reference's sentence does not say; logged before it. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }

  /** The reference prints it as it is, without `parse error in config: ` before it (corosync-services.md 9.6). */
  get isBare(): boolean {
    return bareMessages.test(this.message);
  }
}

const bareMessages =
  /^(Nodeid |Invalid transport type|failed to parse |An IPV6 network requires|.*is not supported yet: write )/;
