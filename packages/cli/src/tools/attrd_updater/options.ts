import type { OptionSpec } from '../../common/options.ts';
import { commonOptions } from '../../common/tool-frame.ts';

export const optionSpecs: readonly OptionSpec[] = [
  ...commonOptions(true),
  { name: 'name', short: 'n', value: 'required' },
  { name: 'pattern', short: 'P', value: 'required' },
  { name: 'update', short: 'U', value: 'required' },
  { name: 'update-both', short: 'B', value: 'required' },
  { name: 'update-delay', short: 'Y', value: 'none' },
  { name: 'query', short: 'Q', value: 'none' },
  { name: 'delete', short: 'D', value: 'none' },
  { name: 'refresh', short: 'R', value: 'none' },
  { name: 'delay', short: 'd', value: 'required' },
  { name: 'set', short: 's', value: 'required' },
  { name: 'node', short: 'N', value: 'required' },
  { name: 'all', short: 'A', value: 'none' },
  { name: 'lifetime', short: 'l', value: 'required' },
  { name: 'private', short: 'p', value: 'none' },
  { name: 'utilization', short: 'z', value: 'none' },
  { name: 'wait', short: 'W', value: 'required' },
];

export const helpText = `attrd_updater - query and update transient node attributes

Usage: attrd_updater [OPTION...]

  -n, --name=NAME            The attribute
  -P, --pattern=PATTERN      With --update and --delete: all attributes whose name matches

Commands:
  -Q, --query                Print the value (default)
  -U, --update=VALUE         Set the value; NAME++ and NAME+=N count from what is there
  -B, --update-both=VALUE    Set the value and the dampening (needs --delay)
  -Y, --update-delay         Set the dampening (needs --delay)
  -D, --delete               Remove the value
  -R, --refresh              Have all values written to the CIB again

Options:
  -d, --delay=SECONDS        Dampening: how long to wait for more changes before writing to the CIB
  -s, --set=SET              Attribute set to place the value in
  -N, --node=NODE            Value of this node instead of the local one
  -A, --all                  With --query: values of all nodes
  -p, --private              Never write this attribute to the CIB
      --output-as=FORMAT     text or xml
`;
