/** A daemon that pacemakerd starts and watches. */
export interface ChildSpec {
  /** Folder's name below daemons/, and of the message type. */
  readonly name: string;
  /** Its sockets; it is ready when all of them answer. */
  readonly sockets: readonly string[];
  /** Runs as hacluster where that is possible; else as pacemakerd's own user. */
  readonly unprivileged: boolean;
  /** Needs corosync: it is not started while corosync is away. */
  readonly needsCluster: boolean;
  /** When it does not stop in time it is killed; the controller is waited for, it has the cluster's leave to get. */
  readonly escalates: boolean;
}

/**
 * In the order in which they are started; stopped in the opposite (executor-fencer-attrd.md 6.1, 6.3). The fencer
 * (stonithd) is not among them yet.
 */
export const children: readonly ChildSpec[] = [
  { name: 'cib', sockets: ['cib_ro', 'cib_rw'], unprivileged: true, needsCluster: true, escalates: true },
  { name: 'lrmd', sockets: ['lrmd'], unprivileged: false, needsCluster: false, escalates: true },
  { name: 'attrd', sockets: ['attrd'], unprivileged: true, needsCluster: true, escalates: true },
  { name: 'pengine', sockets: ['pengine'], unprivileged: true, needsCluster: false, escalates: true },
  { name: 'crmd', sockets: ['crmd'], unprivileged: true, needsCluster: true, escalates: false },
];
