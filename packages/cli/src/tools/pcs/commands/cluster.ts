import type { Command, PcsContext } from '../context.ts';
import { usage } from '../errors.ts';
import { clusterAuth, hostAuth, hostDeauth } from './auth.ts';
import { pushCib, showCib, upgradeCib, verify } from './cluster-cib.ts';
import { addNode, destroy, reload, removeNodes, showConfig, showCorosyncConf, sync } from './cluster-nodes.ts';
import { clusterEnable, clusterStart, clusterStop } from './cluster-services.ts';
import { clusterSetup } from './cluster-setup.ts';
import { setNodeMode } from './node.ts';
import { clusterSummary, pcsdStatus } from './status.ts';

async function node(context: PcsContext, words: readonly string[]): Promise<void> {
  const [action, ...rest] = words;
  if (action === 'add') return addNode(context, rest);
  if (action === 'remove' || action === 'delete') return removeNodes(context, rest);
  usage();
}

const setupOptions = (
  'name start enable wait force local no-keys-sync no-cluster-uuid corosync_conf transport rrpmode addr0 addr1 bcast0 ' +
  'bcast1 mcast0 mcast1 mcastport0 mcastport1 ttl0 ttl1 broadcast0 broadcast1 ipv6 token token_coefficient consensus ' +
  'join miss_count_const fail_recv_const netmtu wait_for_all auto_tie_breaker last_man_standing ' +
  'last_man_standing_window encryption'
).split(' ');

/** `pcs cluster …` (cli-pcs.md 5-7). */
export const clusterCommands: Readonly<Record<string, Command>> = {
  auth: {
    options: ['u', 'p', 'force', 'local'],
    usage: `    auth [<node>[:<port>]]... [-u <username>] [-p <password>]
        Authenticate pcs to pcsd on nodes, by default those of the local cluster.
`,
    run: clusterAuth,
  },
  setup: {
    options: setupOptions,
    usage: `    setup <cluster name> (<node name> [addr=<node address>]...)...
            [transport udpu [<options>]] [totem <totem options>]
            [quorum <quorum options>] [--no-cluster-uuid]
            ([--enable] [--start]) | [--corosync_conf <path>]
    setup --name <cluster name> <node name>... [--token <ms>] [--start]
            [--enable] [--transport udpu] [--wait_for_all=<0|1>]
        Create a cluster of the listed nodes.
`,
    run: clusterSetup,
  },
  start: {
    options: ['all', 'wait', 'full'],
    usage:
      '    start [--all | <node>... ] [--wait[=<n>]]\n        Start the cluster on this node, on the given nodes or on all.\n',
    run: clusterStart,
  },
  stop: {
    options: ['all', 'force'],
    usage: '    stop [--all | <node>... ]\n        Stop the cluster on this node, on the given nodes or on all.\n',
    run: clusterStop,
  },
  enable: {
    options: ['all'],
    usage: '    enable [--all | <node>... ]\n        Start the cluster at boot.\n',
    run: (context, words) => clusterEnable(context, words, true),
  },
  disable: {
    options: ['all'],
    usage: '    disable [--all | <node>... ]\n        Do not start the cluster at boot.\n',
    run: (context, words) => clusterEnable(context, words, false),
  },
  status: { options: ['f'], usage: '    status\n        Show the state of the cluster.\n', run: clusterSummary },
  destroy: {
    options: ['all', 'force', 'skip-offline', 'yes'],
    usage: '    destroy [--all]\n        Stop the cluster and remove its configuration, on this node or on all.\n',
    run: destroy,
  },
  node: {
    options: ['start', 'enable', 'wait', 'force', 'skip-offline', 'no-watchdog-validation'],
    usage: `    node add <node name> [addr=<node address>] [--start [--wait[=<n>]]] [--enable]
    node delete|remove <node name>...
        Add a host to the cluster, or remove nodes from it.
`,
    run: node,
  },
  standby: {
    options: ['all', 'wait'],
    usage: '    standby [--all | <node>...]\n        Old form of node standby.\n',
    run: (context, words) => setNodeMode(context, words, 'standby', 'on'),
  },
  unstandby: {
    options: ['all', 'wait'],
    usage: '    unstandby [--all | <node>...]\n        Old form of node unstandby.\n',
    run: (context, words) => setNodeMode(context, words, 'standby', ''),
  },
  corosync: {
    options: [],
    usage: '    corosync [<node>]\n        Show corosync.conf of this or another node.\n',
    run: showCorosyncConf,
  },
  config: { options: [], usage: '    config [show]\n        Show the configuration of the ring.\n', run: showConfig },
  cib: { options: ['f', 'config'], usage: '    cib [filename] [scope=<scope> | --config]\n', run: showCib },
  'cib-push': {
    options: ['f', 'config', 'wait'],
    usage: '    cib-push <filename> [scope=<scope> | --config] [--wait[=<n>]]\n',
    run: pushCib,
  },
  'cib-upgrade': {
    options: ['f'],
    usage: '    cib-upgrade\n        Move the CIB on to the newest schema that all nodes know.\n',
    run: upgradeCib,
  },
  verify: { options: ['f', 'full'], usage: '    verify [--full] [-f <filename>]\n', run: verify },
  sync: { options: [], usage: '    sync\n        Copy corosync.conf of this node to all nodes.\n', run: sync },
  reload: {
    options: [],
    usage: '    reload corosync\n        Let corosync read its configuration again.\n',
    run: reload,
  },
  'pcsd-status': {
    options: [],
    usage: '    pcsd-status [<node>]...\n        Old form of pcsd status.\n',
    run: pcsdStatus,
  },
};

/** `pcs host …`. */
export const hostCommands: Readonly<Record<string, Command>> = {
  auth: {
    options: ['u', 'p', 'token'],
    usage: `    auth (<host name> [addr=<address>[:<port>]]...)... [-u <username>] [-p <password>]
        Authenticate pcs to pcsd on the given hosts.
`,
    run: hostAuth,
  },
  deauth: {
    options: [],
    usage: '    deauth [<host name>]...\n        Forget tokens of the given hosts, or of all.\n',
    run: hostDeauth,
  },
};

/** `pcs pcsd …`. */
export const pcsdCommands: Readonly<Record<string, Command>> = {
  status: {
    options: [],
    usage: '    status [<node>]...\n        Show whether pcsd of the nodes can be used.\n',
    run: pcsdStatus,
  },
  'clear-auth': {
    options: ['local', 'remote'],
    usage: '    clear-auth [<node>]...\n        Forget tokens of the given nodes, or of all.\n',
    run: hostDeauth,
  },
};
