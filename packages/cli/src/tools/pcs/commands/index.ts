import type { Command } from '../context.ts';
import { clusterCommands, hostCommands, pcsdCommands } from './cluster.ts';
import { configCommands } from './config.ts';
import { constraintCommands } from './constraint.ts';
import { nodeCommands } from './node.ts';
import { propertyCommands } from './property.ts';
import { quorumCommands } from './quorum.ts';
import { resourceCommands } from './resource.ts';
import { statusCommands } from './status.ts';

/** A group of commands: `pcs GROUP SUB …`. */
interface Group {
  readonly summary: string;
  readonly commands: Readonly<Record<string, Command>>;
  /** Command taken when no word follows the group. */
  readonly fallback?: string;
}

const groups: Readonly<Record<string, Group>> = {
  cluster: { summary: 'Configure cluster options and nodes.', commands: clusterCommands },
  host: { summary: 'Manage hosts known to pcs/pcsd.', commands: hostCommands },
  pcsd: { summary: 'Manage pcs daemon.', commands: pcsdCommands },
  resource: { summary: 'Manage cluster resources.', commands: resourceCommands, fallback: 'status' },
  constraint: { summary: 'Manage resource constraints.', commands: constraintCommands, fallback: 'config' },
  property: { summary: 'Manage pacemaker properties.', commands: propertyCommands, fallback: 'config' },
  node: { summary: 'Manage cluster nodes.', commands: nodeCommands },
  quorum: { summary: 'Manage cluster quorum settings.', commands: quorumCommands, fallback: 'config' },
  status: { summary: 'View cluster status.', commands: statusCommands, fallback: 'status' },
  config: { summary: 'View the configuration of the cluster.', commands: configCommands, fallback: 'show' },
};

/** Help of pcs itself. */
export const mainUsage = [
  'Usage: pcs [-f file] [-h] [commands]...',
  'Control and configure pacemaker and corosync.',
  '',
  'Options:',
  '    -h, --help         Display usage and exit.',
  '    -f file            Perform actions on file instead of active CIB.',
  '    --version          Print pcs version information.',
  '    --request-timeout  Timeout for each outgoing request to another node in',
  '                       seconds. Default is 60s.',
  '    --force            Override checks and errors.',
  '',
  'Commands:',
  ...Object.entries(groups).map(([name, group]) => `    ${name.padEnd(12)}${group.summary}`),
  '',
].join('\n');

export interface FoundCommand {
  readonly command: Command | undefined;
  /** Words after the command's name. */
  readonly words: readonly string[];
  readonly usage: string;
  /** The user asked for help, which is then no error. */
  readonly asked: boolean;
}

/** Finds the command that the words name. */
export function findCommand(words: readonly string[]): FoundCommand {
  const [groupName, sub, ...rest] = words;
  if (groupName === 'help') return { command: undefined, words: [], usage: mainUsage, asked: true };
  const group = groupName === undefined || !Object.hasOwn(groups, groupName) ? undefined : groups[groupName];
  if (group === undefined) return { command: undefined, words: [], usage: mainUsage, asked: false };
  const name = sub ?? group.fallback;
  if (name !== undefined && Object.hasOwn(group.commands, name)) {
    const command = group.commands[name] as Command;
    return { command, words: rest, usage: `Usage: pcs ${groupName} ${name}...\n${command.usage}`, asked: false };
  }
  const usages = new Set(Object.values(group.commands).map((command) => command.usage));
  const usage = `Usage: pcs ${groupName} ...\n${[...usages].join('\n')}`;
  return { command: undefined, words: [], usage, asked: sub === 'help' };
}
