import type { OptionSpec } from '../../common/options.ts';

/** Commands by their long option's name. */
export const commands = [
  'upgrade',
  'query',
  'erase',
  'bump',
  'create',
  'modify',
  'patch',
  'replace',
  'delete',
  'delete-all',
  'empty',
  'md5-sum',
  'md5-sum-versioned',
] as const;
export type Command = (typeof commands)[number];

export const optionSpecs: readonly OptionSpec[] = [
  { name: 'help', short: '?', value: 'none' },
  { name: 'version', short: '$', value: 'none' },
  { name: 'verbose', short: 'V', value: 'none' },
  { name: 'upgrade', short: 'u', value: 'none' },
  { name: 'query', short: 'Q', value: 'none' },
  { name: 'erase', short: 'E', value: 'none' },
  { name: 'bump', short: 'B', value: 'none' },
  { name: 'create', short: 'C', value: 'none' },
  { name: 'modify', short: 'M', value: 'none' },
  { name: 'patch', short: 'P', value: 'none' },
  { name: 'replace', short: 'R', value: 'none' },
  { name: 'delete', short: 'D', value: 'none' },
  { name: 'delete-all', short: 'd', value: 'none' },
  { name: 'empty', short: 'a', value: 'none' },
  { name: 'md5-sum', short: '5', value: 'none' },
  { name: 'md5-sum-versioned', short: '6', value: 'none' },
  { name: 'xml-text', short: 'X', value: 'required' },
  { name: 'xml-file', short: 'x', value: 'required' },
  { name: 'xml-pipe', short: 'p', value: 'none' },
  { name: 'scope', short: 'o', aliases: ['obj_type'], value: 'required' },
  { name: 'xpath', short: 'A', value: 'required' },
  { name: 'node-path', short: 'e', value: 'none' },
  { name: 'no-children', short: 'n', value: 'none' },
  { name: 'local', short: 'l', value: 'none' },
  { name: 'sync-call', short: 's', value: 'none' },
  { name: 'no-bcast', short: 'b', value: 'none' },
  { name: 'allow-create', short: 'c', value: 'none' },
  { name: 'score', value: 'none' },
  { name: 'timeout', short: 't', value: 'required' },
  { name: 'user', short: 'U', value: 'required' },
  { name: 'node', short: 'N', value: 'required' },
  { name: 'host', short: 'h', value: 'required' },
  { name: 'force', short: 'f', value: 'none' },
  { name: 'show-access', short: 'S', value: 'optional' },
];

export const helpText = `cibadmin - query and edit the Pacemaker configuration

Usage: cibadmin <command> [options]

Commands:
 -u, --upgrade              Move the configuration on to the newest schema (needs --force)
 -Q, --query                Print the CIB or a part of it
 -E, --erase                Empty the CIB (needs --force)
 -B, --bump                 Count the configuration's version on by one
 -C, --create               Add the given object; it must not exist
 -M, --modify               Change the given object (with --allow-create: add it where it is missing)
 -P, --patch                Apply a patch, as crm_diff makes it
 -R, --replace              Put the given object in the place of the one there
 -D, --delete               Remove the first object that has the given name and attributes
 -d, --delete-all           Remove all objects that match --xpath (needs --force)
 -a, --empty                Print an empty CIB
 -5, --md5-sum              Print the digest of a CIB as it is on disk
 -6, --md5-sum-versioned    Print the digest of a running CIB

Data:
 -X, --xml-text=value       Object as text
 -x, --xml-file=value       Object from a file
 -p, --xml-pipe             Object from standard input

Advanced options:
 -o, --scope=value          Section the command is for: configuration, nodes, resources, constraints, crm_config,
                            rsc_defaults, op_defaults, acls, fencing-topology, tags, alerts or status
 -A, --xpath=value          XPath of what the command is for
 -e, --node-path            With --query and --xpath: print the paths of what matches
 -n, --no-children          With --query: print elements without what is in them
 -l, --local                Ask the local node
 -s, --sync-call            Wait for the answer (always done)
 -c, --allow-create         With --modify: add what is missing
 -t, --timeout=value        Seconds to wait for the answer (default 30)
 -U, --user=value           Act for this user (for root and hacluster only)
 -N, --node=value           Ask this node
 -f, --force                Do it though it is dangerous
 -S, --show-access[=value]  With --query: show who may do what (needs --user)
 -V, --verbose              Say more
 -$, --version              Print the version
 -?, --help                 Print this text
`;
