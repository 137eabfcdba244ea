import type { OptionSpec } from '../../common/options.ts';

/** Every option of crm_mon (cli-crm.md 4.1). */
export const optionSpecs: readonly OptionSpec[] = [
  { name: 'help', short: '?', value: 'none' },
  { name: 'help-all', value: 'none' },
  { name: 'help-output', value: 'none' },
  { name: 'help-display', value: 'none' },
  { name: 'help-additional', value: 'none' },
  { name: 'help-deprecated', value: 'none' },
  { name: 'version', short: '$', value: 'none' },
  { name: 'verbose', short: 'V', value: 'none' },
  { name: 'quiet', short: 'Q', value: 'none' },
  { name: 'one-shot', short: '1', value: 'none' },
  { name: 'interval', short: 'i', value: 'required' },
  { name: 'daemonize', short: 'd', value: 'none' },
  { name: 'pid-file', short: 'p', value: 'required' },
  { name: 'external-agent', short: 'E', value: 'required' },
  { name: 'external-recipient', short: 'e', value: 'required' },
  { name: 'watch-fencing', short: 'W', value: 'none' },
  { name: 'xml-file', short: 'x', value: 'required' },
  { name: 'include', short: 'I', value: 'required' },
  { name: 'exclude', short: 'U', value: 'required' },
  { name: 'node', value: 'required' },
  { name: 'resource', value: 'required' },
  { name: 'group-by-node', short: 'n', value: 'none' },
  { name: 'inactive', short: 'r', value: 'none' },
  { name: 'failcounts', short: 'f', value: 'none' },
  { name: 'operations', short: 'o', value: 'none' },
  { name: 'timing-details', short: 't', value: 'none' },
  { name: 'tickets', short: 'c', value: 'none' },
  { name: 'fence-history', short: 'm', value: 'optional' },
  { name: 'neg-locations', short: 'L', value: 'optional' },
  { name: 'show-node-attributes', short: 'A', value: 'none' },
  { name: 'hide-headers', short: 'D', value: 'none' },
  { name: 'show-detail', short: 'R', value: 'none' },
  { name: 'brief', short: 'b', value: 'none' },
  { name: 'pending', short: 'j', value: 'none' },
  { name: 'simple-status', short: 's', value: 'none' },
  { name: 'as-html', short: 'h', value: 'required' },
  { name: 'as-xml', short: 'X', value: 'none' },
  { name: 'disable-ncurses', short: 'N', value: 'none' },
  { name: 'web-cgi', short: 'w', value: 'none' },
  { name: 'output-as', value: 'required' },
  { name: 'output-to', value: 'required' },
  { name: 'text-fancy', value: 'none' },
  { name: 'html-cgi', value: 'none' },
  { name: 'html-stylesheet', value: 'required' },
  { name: 'html-title', value: 'required' },
  { name: 'xml-legacy', value: 'none' },
  { name: 'xml-simple-list', value: 'none' },
  { name: 'xml-substitute', value: 'none' },
];

/** What `--help` prints: our own words, the reference's option names. */
export const helpText = `Usage:
  crm_mon [OPTION…]

Shows the state of the cluster: nodes, resources, failures.

  -?, --help                   This text
  -$, --version                Version
  -Q, --quiet                  Leave the times out

  -1, --one-shot               Show it once and end
  -i, --interval=TIMESPEC      Refresh at least so often (default 5s)
      --output-as=FORMAT       console (default), text, html, xml, none
      --output-to=FILE         Write to a file

  -I, --include=LIST           Sections to show, separated by commas
  -U, --exclude=LIST           Sections to leave out
      --node=NAME              Only this node (or the nodes of this tag)
      --resource=ID            Only this resource (or the resources of this tag)
  -n, --group-by-node          Resources below their nodes
  -r, --inactive               Also inactive resources
  -f, --failcounts             Fail counts
  -o, --operations             Operation history
  -t, --timing-details         Operation history with times
  -c, --tickets                Tickets
  -m, --fence-history[=LEVEL]  Fencing history: 0 none, 1 failed and pending, 2 and 3 all
  -L, --neg-locations[=PREFIX] Constraints that keep resources off nodes
  -A, --show-node-attributes   Node attributes
  -D, --hide-headers           Without the summary
  -R, --show-detail            Node ids, instances, technical details
  -b, --brief                  Counts instead of resources
  -s, --simple-status          One line for monitoring systems

TIMESPEC is a number of seconds, or a number with a unit: us, ms, s, m, h.
`;
