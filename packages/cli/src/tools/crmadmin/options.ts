import type { OptionSpec } from '../../common/options.ts';

export const optionSpecs: readonly OptionSpec[] = [
  { name: 'help', short: '?', aliases: ['help-all', 'help-output', 'help-command', 'help-additional'], value: 'none' },
  { name: 'help', short: 'h', value: 'none' },
  { name: 'version', short: '$', value: 'none' },
  { name: 'verbose', short: 'V', value: 'none' },
  { name: 'quiet', short: 'q', value: 'none' },
  { name: 'output-as', value: 'required' },
  { name: 'text-fancy', value: 'none' },
  { name: 'status', short: 'S', value: 'required' },
  { name: 'pacemakerd', short: 'P', value: 'none' },
  { name: 'dc_lookup', short: 'D', value: 'none' },
  { name: 'nodes', short: 'N', value: 'optional', takesWord: true },
  { name: 'timeout', short: 't', value: 'required' },
  { name: 'bash-export', short: 'B', value: 'none' },
  { name: 'ipc-name', short: 'i', value: 'required' },
];

export const helpText = `crmadmin - ask Pacemaker's controllers and launcher

Usage: crmadmin [OPTION...]

Commands:
  -S, --status=NODE          State of a node's controller
  -P, --pacemakerd           State of this node's pacemakerd
  -D, --dc_lookup            Name of the designated controller
  -N, --nodes[=TYPE]         Nodes of the configuration: all, or of these types (comma-separated):
                             cluster, guest, remote

Options:
  -t, --timeout=TIMESPEC     How long to wait for an answer (default 30s): seconds, a number with a
                             unit (ms, us, s, m, h), or an ISO 8601 period
  -B, --bash-export          With --nodes: lines for a shell, export NAME=ID
  -i, --ipc-name=NAME        With --pacemakerd: the name to ask under
  -q, --quiet                The asked value alone
      --output-as=FORMAT     text or xml
  -V, --verbose              More messages
  -$, --version              Version
`;
