import type { OptionSpec } from '../../common/options.ts';
import { commonOptions } from '../../common/tool-frame.ts';

/** @param formatted whether there is `--output-as`: only tools of the 3.x releases have it */
export function optionSpecs(formatted: boolean): OptionSpec[] {
  return [
    ...commonOptions(formatted),
    { name: 'quiet', short: 'Q', value: 'none' },
    { name: 'cluster-id', short: 'i', value: 'none' },
    { name: 'list', short: 'l', value: 'none' },
    { name: 'name', short: 'n', value: 'none' },
    { name: 'partition', short: 'p', value: 'none' },
    { name: 'quorum', short: 'q', value: 'none' },
    { name: 'name-for-id', short: 'N', value: 'required' },
    { name: 'remove', short: 'R', value: 'required' },
    { name: 'force', short: 'f', value: 'none' },
  ];
}

export const helpText = `crm_node - what the cluster knows of its nodes

Usage: crm_node [OPTION...]

Commands:
  -i, --cluster-id           Id of this node
  -n, --name                 Name of this node
  -l, --list                 All nodes ever seen: id, name, member or lost
  -p, --partition            Names of the nodes in this partition
  -q, --quorum               1 when this partition has quorum, else 0
  -N, --name-for-id=ID       Name of the node with this id
  -R, --remove=NAME          Forget a stopped node, which corosync does not know any more (needs --force)

Options:
  -f, --force                Do what is dangerous
  -Q, --quiet                Say less
  -V, --verbose              More messages
  -$, --version              Version
`;
