import type { Command } from '../context.ts';
import { defaults } from './defaults.ts';
import { resourceCreate } from './resource-create.ts';

/** `pcs resource …` (cli-pcs.md 9, 10). */
export const resourceCommands: Readonly<Record<string, Command>> = {
  create: resourceCreate,
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
