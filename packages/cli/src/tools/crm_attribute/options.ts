import type { OptionSpec } from '../../common/options.ts';

export const optionSpecs: readonly OptionSpec[] = [
  { name: 'help', short: '?', aliases: ['help-all'], value: 'none' },
  { name: 'version', short: '$', value: 'none' },
  { name: 'verbose', short: 'V', value: 'none' },
  { name: 'output-as', value: 'required' },
  { name: 'name', short: 'n', aliases: ['attr-name'], value: 'required' },
  { name: 'pattern', short: 'P', value: 'required' },
  { name: 'promotion', short: 'p', value: 'optional', takesWord: true },
  { name: 'id', short: 'i', aliases: ['attr-id'], value: 'required' },
  { name: 'set-name', short: 's', value: 'required' },
  { name: 'query', short: 'G', aliases: ['get-value'], value: 'none' },
  { name: 'update', short: 'v', aliases: ['attr-value'], value: 'required' },
  { name: 'delete', short: 'D', aliases: ['delete-attr'], value: 'none' },
  { name: 'default', short: 'd', value: 'required' },
  { name: 'lifetime', short: 'l', value: 'required' },
  { name: 'node', short: 'N', aliases: ['node-uname'], value: 'required' },
  { name: 'type', short: 't', value: 'required' },
  { name: 'utilization', short: 'z', value: 'none' },
  { name: 'quiet', short: 'q', value: 'none' },
  { name: 'node-uname', short: 'U', value: 'required' },
  { name: 'quiet', short: 'Q', value: 'none' },
  { name: 'inhibit-policy-engine', short: '!', value: 'none' },
];

export const helpText = `crm_attribute - query and update Pacemaker cluster options and node attributes

Usage: crm_attribute [OPTION...]

Selecting:
  -n, --name=NAME            Option or attribute
  -P, --pattern=PATTERN      All whose name matches this regular expression
  -p, --promotion[=RESOURCE] Promotion score of a resource (of the one whose agent is calling)
  -i, --id=ID                Entry with this id
  -s, --set-name=SET         Set the entry is in

Commands:
  -G, --query                Print the value (default)
  -v, --update=VALUE         Set the value
  -D, --delete               Remove the entry

Options:
  -d, --default=VALUE        With --query: value to print when there is none
  -l, --lifetime=LIFETIME    reboot: until the node restarts; forever
  -N, --node=NODE            Attribute of this node (localhost, auto: this one)
  -t, --type=SECTION         crm_config, rsc_defaults, op_defaults, nodes, status
  -z, --utilization          Utilization attribute of a node
  -q, --quiet                Print the value alone
      --output-as=FORMAT     text or xml
`;
