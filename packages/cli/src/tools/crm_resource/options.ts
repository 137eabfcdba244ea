import type { OptionSpec } from '../../common/options.ts';
import { commonOptions } from '../../common/tool-frame.ts';

/** Options that say what to do; the last one given counts. */
export const commandNames = [
  'list',
  'list-raw',
  'list-operations',
  'list-all-operations',
  'list-standards',
  'list-ocf-providers',
  'list-agents',
  'list-ocf-alternatives',
  'show-metadata',
  'query-xml',
  'query-xml-raw',
  'get-parameter',
  'set-parameter',
  'delete-parameter',
  'locate',
  'constraints',
  'stack',
  'why',
  'validate',
  'digests',
  'cleanup',
  'refresh',
  'move',
  'ban',
  'clear',
  'delete',
  'fail',
  'restart',
  'wait',
  'force-start',
  'force-stop',
  'force-check',
  'force-promote',
  'force-demote',
] as const;
export type CommandName = (typeof commandNames)[number];

export const optionSpecs: readonly OptionSpec[] = [
  ...commonOptions(true),
  { name: 'list', short: 'L', value: 'none' },
  { name: 'list-raw', short: 'l', value: 'none' },
  { name: 'list-operations', short: 'O', value: 'none' },
  { name: 'list-all-operations', short: 'o', value: 'none' },
  { name: 'list-standards', value: 'none' },
  { name: 'list-ocf-providers', value: 'none' },
  { name: 'list-agents', value: 'required' },
  { name: 'list-ocf-alternatives', value: 'required' },
  { name: 'show-metadata', value: 'required' },
  { name: 'query-xml', short: 'q', value: 'none' },
  { name: 'query-xml-raw', short: 'w', value: 'none' },
  { name: 'get-parameter', short: 'g', value: 'required' },
  { name: 'set-parameter', short: 'p', value: 'required' },
  { name: 'delete-parameter', short: 'd', value: 'required' },
  { name: 'locate', short: 'W', value: 'none' },
  { name: 'constraints', short: 'a', value: 'none' },
  { name: 'stack', short: 'A', value: 'none' },
  { name: 'why', short: 'Y', value: 'none' },
  { name: 'validate', value: 'optional' },
  { name: 'digests', value: 'none' },
  { name: 'cleanup', short: 'C', value: 'none' },
  { name: 'refresh', short: 'R', value: 'none' },
  { name: 'move', short: 'M', value: 'none' },
  { name: 'ban', short: 'B', value: 'none' },
  { name: 'clear', short: 'U', value: 'none' },
  { name: 'delete', short: 'D', value: 'none' },
  { name: 'fail', short: 'F', value: 'none' },
  { name: 'restart', value: 'none' },
  { name: 'wait', value: 'none' },
  { name: 'force-start', value: 'none' },
  { name: 'force-stop', value: 'none' },
  { name: 'force-check', value: 'optional' },
  { name: 'force-promote', value: 'none' },
  { name: 'force-demote', value: 'none' },
  { name: 'resource', short: 'r', value: 'required' },
  { name: 'node', short: 'N', value: 'required' },
  { name: 'node', short: 'H', aliases: ['host-uname'], value: 'required' },
  { name: 'expired', short: 'e', value: 'none' },
  { name: 'lifetime', short: 'u', value: 'required' },
  { name: 'promoted', aliases: ['master'], value: 'none' },
  { name: 'recursive', value: 'none' },
  { name: 'resource-type', short: 't', value: 'required' },
  { name: 'parameter-value', short: 'v', value: 'required' },
  { name: 'meta', short: 'm', value: 'none' },
  { name: 'utilization', short: 'z', value: 'none' },
  { name: 'operation', short: 'n', value: 'required' },
  { name: 'interval', short: 'I', value: 'required' },
  { name: 'class', value: 'required' },
  { name: 'agent', value: 'required' },
  { name: 'provider', value: 'required' },
  { name: 'option', value: 'required' },
  { name: 'set-name', short: 's', value: 'required' },
  { name: 'nvpair', short: 'i', value: 'required' },
  { name: 'timeout', short: 'T', value: 'required' },
  { name: 'force', short: 'f', value: 'none' },
  { name: 'quiet', short: 'Q', value: 'none' },
];

export const helpText = `crm_resource - look at and change the cluster's resources

Usage: crm_resource [OPTION...]

Queries:
  -L, --list                        All resources with their state (default)
  -l, --list-raw                    Ids of all instances, one a line
  -O, --list-operations             Operations in effect [of --resource, on --node]
  -o, --list-all-operations         All recorded operations
      --list-standards              Classes of agents
      --list-ocf-providers          Providers of OCF agents
      --list-agents=STD[:PROV]      Agents of a class [and provider]
      --list-ocf-alternatives=AGENT Providers that have an agent of that name
      --show-metadata=SPEC          Meta-data of CLASS:PROVIDER:AGENT
  -q, --query-xml                   State and configuration, templates expanded
  -w, --query-xml-raw               State and configuration as written
  -g, --get-parameter=NAME          Value of a parameter [--meta, --utilization]
  -W, --locate                      Nodes where a resource runs
  -a, --constraints                 Its location and colocation constraints [--recursive]
  -A, --stack                       The same as --constraints --recursive
  -Y, --why                         Why resources run, or do not [--resource, --node]

Changes:
  -C, --cleanup                     Forget failures and recheck [--resource, --node, --operation, --interval]
  -R, --refresh                     Forget the history and recheck [--resource, --node]
  -p, --set-parameter=NAME          Set a parameter to --parameter-value [--meta, --utilization]
  -d, --delete-parameter=NAME       Delete a parameter [--meta, --utilization]
  -M, --move                        Prefer --node, or ban the node where it runs [--lifetime, --promoted]
  -B, --ban                         Keep it off --node, or off where it runs [--lifetime, --promoted]
  -U, --clear                       Remove what --move and --ban made [--node, --expired]
  -D, --delete                      Delete the resource of --resource-type from the configuration
  -F, --fail                        Tell the cluster that it failed on --node
      --restart                     Restart it and what depends on it
      --wait                        Wait until the cluster has nothing left to do

Options:
  -r, --resource=ID                 The resource
  -N, --node=NAME                   The node
  -v, --parameter-value=VALUE       With --set-parameter
  -m, --meta                        A meta-attribute instead of an instance attribute
  -z, --utilization                 A utilization attribute instead of an instance attribute
  -s, --set-name=ID                 The set of attributes
  -i, --nvpair=ID                   The name-value pair
      --recursive                   Follow colocations
  -u, --lifetime=DURATION           How long the constraint holds (ISO 8601: PT10M)
  -e, --expired                     With --clear: only what no longer holds
      --promoted                    Only the promoted role
  -n, --operation=NAME              With --cleanup: this operation's failures
  -I, --interval=N                  With --operation: of this interval
  -t, --resource-type=ELEMENT       With --delete: primitive, group, ...
  -T, --timeout=N                   How long to wait (seconds, or with a unit)
  -f, --force                       Do it in spite of what speaks against it
  -Q, --quiet                       Say less
      --output-as=FORMAT            text or xml
  -V, --verbose                     More messages
  -$, --version                     Version
`;
