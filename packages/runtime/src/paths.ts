/**
 * Where things are, the same places as the reference's. SANODE_RUN_DIR moves the sockets (tests); everything else is
 * fixed, as administrators and their tools know it.
 */
export const paths = {
  /** Folder of the local sockets, owner root:haclient, mode 0770. */
  get runDir(): string {
    return process.env['SANODE_RUN_DIR'] ?? '/run/sanode';
  },
  /** Local socket of a daemon: corosync, pacemakerd, cib_ro, cib_rw, crmd, pengine, lrmd, attrd, stonith-ng. */
  socket(name: string): string {
    return `${this.runDir}/${name}.sock`;
  },
  corosyncConf: '/etc/corosync/corosync.conf',
  corosyncAuthkey: '/etc/corosync/authkey',
  corosyncStateDir: '/var/lib/corosync',
  corosyncLog: '/var/log/cluster/corosync.log',
  /** Folder of the CIB; SANODE_CIB_DIR moves it (tests). */
  get cibDir(): string {
    return process.env['SANODE_CIB_DIR'] ?? '/var/lib/pacemaker/cib';
  },
  /** Folder of the scheduler's saved inputs; SANODE_SCHEDULER_DIR moves it (tests). */
  get schedulerInputDir(): string {
    return process.env['SANODE_SCHEDULER_DIR'] ?? '/var/lib/pacemaker/pengine';
  },
  executorWorkDir: '/var/lib/pacemaker/cores',
  /** Log of the Pacemaker daemons; SANODE_PACEMAKER_LOG moves it (tests). */
  get pacemakerLog(): string {
    return process.env['SANODE_PACEMAKER_LOG'] ?? '/var/log/pacemaker/pacemaker.log';
  },
  pcsdStateDir: '/var/lib/pcsd',
  pcsdLog: '/var/log/pcsd/pcsd.log',
  ocfRoot: '/usr/lib/ocf',
} as const;

/** Account and group that the unprivileged daemons run as. */
export const clusterUser = 'hacluster';
export const clusterGroup = 'haclient';
