import type { Command } from '../context.ts';
import { clusterAuth, hostAuth, hostDeauth } from './auth.ts';
import { clusterEnable, clusterStart, clusterStop } from './cluster-services.ts';
import { clusterSetup } from './cluster-setup.ts';

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
  'clear-auth': {
    options: ['local', 'remote'],
    usage: '    clear-auth [<node>]...\n        Forget tokens of the given nodes, or of all.\n',
    run: hostDeauth,
  },
};
