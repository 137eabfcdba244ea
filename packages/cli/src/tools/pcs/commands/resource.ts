import type { Command, PcsContext } from '../context.ts';
import { fail, usage } from '../errors.ts';
import { describeResourceAgent, listResourceAgents } from './agents.ts';
import { defaults } from './defaults.ts';
import { resourceConfig, showOld } from './resource-config.ts';
import { resourceCreate } from './resource-create.ts';
import { deleteResource } from './resource-delete.ts';
import {
  cloneResource,
  meta,
  operations,
  setEnabled,
  setManaged,
  unclone,
  updateResource,
  utilization,
} from './resource-edit.ts';
import { group, ungroup } from './resource-group.ts';
import { ban, clear, move, moveWithConstraint } from './resource-move.ts';
import { resourceStatus } from './status.ts';

/** `resource cleanup|refresh`: crm_resource does it, and its words are shown. */
function byCrmResource(action: 'cleanup' | 'refresh') {
  return async (context: PcsContext, words: readonly string[]): Promise<void> => {
    const argv = [`--${action}`];
    for (const word of words) {
      const [name, value] = word.split('=', 2) as [string, string | undefined];
      if (value === undefined) argv.push('--resource', name);
      else if (['node', 'operation', 'interval'].includes(name)) argv.push(`--${name}`, value);
      else usage();
    }
    if (context.has('strict') || context.force) argv.push('--force');
    const { code, stdout, stderr } = await context.deps.tool('crm_resource', argv);
    const text = `${stdout}${stderr}`.trimEnd();
    if (code !== 0)
      fail(
        `Unable to ${action === 'cleanup' ? 'forget failed operations of' : 'delete history of'} resources: ${text}`,
      );
    if (text !== '') context.say(text);
  };
}

async function op(context: PcsContext, words: readonly string[]): Promise<void> {
  if (words[0] === 'defaults') return defaults(context, 'op_defaults', words.slice(1));
  return operations(context, words);
}

const toggle = ['f', 'wait', 'safe', 'simulate', 'brief', 'monitor', 'async'];
const moving = ['f', 'wait', 'master', 'promoted', 'strict', 'autodelete', 'expired', 'force'];
const statusOptions = ['f', 'hide-inactive'];

/** `pcs resource …` (cli-pcs.md 9, 10). */
export const resourceCommands: Readonly<Record<string, Command>> = {
  status: {
    options: statusOptions,
    usage: '    [status [<resource id>] [node=<node>] [--hide-inactive]]\n        Show the state of resources.\n',
    run: resourceStatus,
  },
  show: {
    options: [...statusOptions, 'full', 'groups'],
    usage: '    show [<resource id>...] [--full | --groups]\n        Old form of status, config and group list.\n',
    run: (context, words) =>
      context.has('groups') ? group(context, ['list']) : showOld(context, words, () => resourceStatus(context, [])),
  },
  config: {
    options: ['f', 'output-format'],
    usage: '    config [<resource id>]...\n        Show how resources are configured.\n',
    run: resourceConfig,
  },
  list: {
    options: ['nodesc'],
    usage: '    list [filter] [--nodesc]\n        List the agents that are installed.\n',
    run: listResourceAgents,
  },
  describe: {
    options: ['full'],
    usage:
      '    describe [<standard>:[<provider>:]]<type> [--full]\n        Show what an agent is for and its options.\n',
    run: describeResourceAgent,
  },
  create: resourceCreate,
  delete: {
    options: ['f', 'force', 'no-stop'],
    usage:
      '    delete <resource id|group id|bundle id|clone id>\n        Deletes the resource with all that is inside it, and its constraints.\n',
    run: deleteResource,
  },
  remove: {
    options: ['f', 'force', 'no-stop'],
    usage: '    remove <resource id|group id|bundle id|clone id>\n',
    run: deleteResource,
  },
  update: {
    options: ['f', 'force', 'wait', 'agent-validation'],
    usage:
      '    update <resource id> [resource options] [op [<operation action> <operation options>]...] [meta <meta options>...] [--wait[=n]]\n',
    run: updateResource,
  },
  op: {
    options: ['f', 'force', 'full', 'all', 'no-expire-check'],
    usage:
      '    op add <resource id> <operation action> [operation properties]\n    op remove <resource id> <operation action> [<operation properties>]\n    op defaults ...\n',
    run: op,
  },
  meta: { options: ['f', 'force', 'wait'], usage: '    meta <resource id> <meta options>\n', run: meta },
  utilization: { options: ['f'], usage: '    utilization [<resource id> [<name>=<value> ...]]\n', run: utilization },
  enable: {
    options: toggle,
    usage: '    enable <resource id>... [--wait[=n]]\n        Allow the cluster to start the resources.\n',
    run: (context, words) => setEnabled(context, words, true),
  },
  disable: {
    options: toggle,
    usage: '    disable <resource id>... [--wait[=n]]\n        Stop the resources and keep them stopped.\n',
    run: (context, words) => setEnabled(context, words, false),
  },
  manage: {
    options: toggle,
    usage: '    manage <resource id>... [--monitor]\n',
    run: (context, words) => setManaged(context, words, true),
  },
  unmanage: {
    options: toggle,
    usage: '    unmanage <resource id>... [--monitor]\n',
    run: (context, words) => setManaged(context, words, false),
  },
  move: {
    options: moving.filter((name) => name !== 'f'),
    usage:
      '    move <resource id> [destination node] [--promoted] [--wait[=n]]\n        Move a resource, then remove the constraint that moved it.\n',
    run: move,
  },
  'move-with-constraint': {
    options: moving,
    usage: '    move-with-constraint <resource id> [destination node] [--promoted] [--wait[=n]]\n',
    run: moveWithConstraint,
  },
  ban: {
    options: moving,
    usage: '    ban <resource id> [node] [--promoted] [--wait[=n]]\n        Keep a resource away from a node.\n',
    run: ban,
  },
  clear: {
    options: moving,
    usage: '    clear <resource id> [node] [--wait[=n]]\n        Remove constraints that move and ban made.\n',
    run: clear,
  },
  cleanup: {
    options: ['strict', 'force'],
    usage:
      '    cleanup [<resource id>] [node=<node>] [operation=<operation> [interval=<interval>]] [--strict]\n        Forget failed operations.\n',
    run: byCrmResource('cleanup'),
  },
  refresh: {
    options: ['strict', 'force', 'full'],
    usage:
      '    refresh [<resource id>] [node=<node>] [--strict]\n        Forget all operations and look at the resources anew.\n',
    run: byCrmResource('refresh'),
  },
  clone: {
    options: ['f', 'force', 'wait'],
    usage: '    clone <resource id | group id> [<clone id>] [meta <clone meta options>] [--wait[=n]]\n',
    run: (context, words) => cloneResource(context, words, 'clone'),
  },
  promotable: {
    options: ['f', 'force', 'wait'],
    usage: '    promotable <resource id | group id> [<clone id>] [meta <clone meta options>] [--wait[=n]]\n',
    run: (context, words) => cloneResource(context, words, 'promotable'),
  },
  master: {
    options: ['f', 'force', 'wait'],
    usage: '    master [<master id>] <resource id | group id> [options]\n        Old form of promotable.\n',
    run: (context, words) => cloneResource(context, words, 'master'),
  },
  unclone: { options: ['f', 'wait'], usage: '    unclone <clone id | resource id> [--wait[=n]]\n', run: unclone },
  group: {
    options: ['f', 'before', 'after', 'wait'],
    usage:
      '    group list\n    group add <group id> <resource id>... [--before <resource id> | --after <resource id>] [--wait[=n]]\n    group delete|remove <group id> [<resource id>]...\n',
    run: group,
  },
  ungroup: { options: ['f', 'wait'], usage: '    ungroup <group id> [<resource id>]...\n', run: ungroup },
  defaults: {
    options: ['f', 'force', 'full', 'all', 'no-expire-check'],
    usage: `    defaults [config]
    defaults update <name>=<value>...
    defaults set create [<set options>] [meta [<name>=<value>]...] [rule [<expression>]]
    defaults set delete|remove [<set id>]...
    defaults set update <set id> [meta [<name>=<value>]...]
        Manage default values of resources.
`,
    run: (context, words) => defaults(context, 'rsc_defaults', words),
  },
};
