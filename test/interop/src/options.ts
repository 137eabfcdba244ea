import { parseArgs } from 'node:util';
import type { Family } from './conf.ts';

export const usage = `Usage: npm run interop -- [NAME] [OPTION...]

Builds rings of real and own corosync nodes and prints what was tried and how it
went. NAME is part of a mix's name: udpu-1r2o is one real node and two of ours
over UDPU. Exit code 0: all passed.

  --full             20 power cuts, 10 partitions, 100000 messages with and
                     without loss: hours for all mixes
  --release LIST     releases of the real nodes, for example 3.1.10, or
                     3.1.7,3.1.10 in turn; default: what this machine has
  --ipv6             unique local IPv6 addresses
  --link-local       IPv6 addresses of the link
  --scenario TEXT    only scenarios whose name contains TEXT (and the first)
  --help             this
`;

/** What a run was asked for. */
export interface InteropOptions {
  readonly name: string;
  readonly full: boolean;
  /** Numbers of releases; empty: this machine's own. */
  readonly releases: readonly string[];
  readonly family: Family;
  readonly only: string | undefined;
  readonly help: boolean;
}

/** Reads the command line. @throws {Error} with what is wrong in one sentence */
export function readOptions(args: readonly string[]): InteropOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      full: { type: 'boolean', default: false },
      release: { type: 'string', default: '' },
      ipv6: { type: 'boolean', default: false },
      'link-local': { type: 'boolean', default: false },
      scenario: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (positionals.length > 1) throw new Error(`one NAME at most, not ${positionals.join(' and ')}`);
  if (values.ipv6 && values['link-local']) throw new Error('--ipv6 and --link-local exclude each other');
  return {
    name: positionals[0] ?? '',
    full: values.full,
    releases: values.release === '' ? [] : values.release.split(','),
    family: values.ipv6 ? 'ipv6' : values['link-local'] ? 'link-local' : 'ipv4',
    only: values.scenario,
    help: values.help,
  };
}
