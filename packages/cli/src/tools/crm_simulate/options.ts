import { type GivenOption, hasOption, lastValue, type OptionSpec } from '../../common/options.ts';
import { type Failure, type Injections, parseOperationSpec } from './inject.ts';

export const optionSpecs: readonly OptionSpec[] = [
  { name: 'help', short: '?', aliases: ['help-all'], value: 'none' },
  { name: 'version', short: '$', value: 'none' },
  { name: 'quiet', short: 'Q', value: 'none' },
  { name: 'verbose', short: 'V', value: 'none' },
  { name: 'run', short: 'R', value: 'none' },
  { name: 'simulate', short: 'S', value: 'none' },
  { name: 'in-place', short: 'X', value: 'none' },
  { name: 'show-attrs', short: 'A', value: 'none' },
  { name: 'show-failcounts', short: 'c', value: 'none' },
  { name: 'show-scores', short: 's', value: 'none' },
  { name: 'show-utilization', short: 'U', value: 'none' },
  { name: 'profile', short: 'P', value: 'required' },
  { name: 'repeat', short: 'N', value: 'required' },
  { name: 'pending', short: 'j', value: 'none' },
  { name: 'node-up', short: 'u', value: 'required' },
  { name: 'node-down', short: 'd', value: 'required' },
  { name: 'node-fail', short: 'f', value: 'required' },
  { name: 'op-inject', short: 'i', value: 'required' },
  { name: 'op-fail', short: 'F', value: 'required' },
  { name: 'set-datetime', short: 't', value: 'required' },
  { name: 'quorum', short: 'q', value: 'required' },
  { name: 'watchdog', short: 'w', value: 'required' },
  { name: 'ticket-grant', short: 'g', value: 'required' },
  { name: 'ticket-revoke', short: 'r', value: 'required' },
  { name: 'ticket-standby', short: 'b', value: 'required' },
  { name: 'ticket-activate', short: 'e', value: 'required' },
  { name: 'save-input', short: 'I', value: 'required' },
  { name: 'save-output', short: 'O', value: 'required' },
  { name: 'save-graph', short: 'G', value: 'required' },
  { name: 'save-dotfile', short: 'D', value: 'required' },
  { name: 'all-actions', short: 'a', value: 'none' },
  { name: 'live-check', short: 'L', value: 'none' },
  { name: 'xml-file', short: 'x', value: 'required' },
  { name: 'xml-pipe', short: 'p', value: 'none' },
];

export const helpText = `crm_simulate - simulate a Pacemaker cluster's response to events

Usage: crm_simulate [OPTION...]

Operations:
  -R, --run                     Process the input and show what the scheduler would do
  -S, --simulate                Like --run, but also simulate the transition and show the resulting cluster
  -X, --in-place                Like --simulate, but also store the results back to the input file
  -A, --show-attrs              Also show node attributes
  -c, --show-failcounts         Also show fail counts
  -s, --show-scores             Show assignment scores
  -U, --show-utilization        Show utilization information
  -P, --profile=DIR             Process all files in DIR and show the time that each takes
  -N, --repeat=N                With --profile, repeat each this often

Synthetic events:
  -u, -d, -f, --node-up, --node-down, --node-fail=NODE
  -i, --op-inject=OPSPEC        Inject a result: RESOURCE_TASK_INTERVALMS@NODE=RC
  -F, --op-fail=OPSPEC          Let an operation end like this in the simulation
  -t, --set-datetime=TIME       Set the date and time
  -q, --quorum=BOOL  -w, --watchdog=BOOL
  -g, -r, -b, -e, --ticket-grant, -revoke, -standby, -activate=TICKET

Artifacts:
  -I, --save-input=FILE  -O, --save-output=FILE  -G, --save-graph=FILE  -D, --save-dotfile=FILE
  -a, --all-actions             Show optional actions in the dot file, too

Source:
  -L, --live-check              The running cluster (default)
  -x, --xml-file=FILE           A file, also .bz2
  -p, --xml-pipe                Standard input

  -Q, --quiet  -V, --verbose
`;

function valuesOf(given: readonly GivenOption[], name: string): string[] {
  return given.filter((option) => option.name === name).map((option) => option.value ?? '');
}

/** Reads all synthetic events; a sentence where one is not valid. */
export function readEvents(
  given: readonly GivenOption[],
): { injections: Injections; failures: readonly Failure[] } | string {
  const parsed: Record<'op-inject' | 'op-fail', Failure[]> = { 'op-inject': [], 'op-fail': [] };
  for (const name of ['op-inject', 'op-fail'] as const) {
    for (const spec of valuesOf(given, name)) {
      const failure = parseOperationSpec(spec);
      if (failure === undefined) return `'${spec}' is no operation: write RESOURCE_TASK_INTERVALMS@NODE=RC`;
      parsed[name].push(failure);
    }
  }
  const injections: Injections = {
    quorum: lastValue(given, 'quorum'),
    watchdog: lastValue(given, 'watchdog'),
    up: valuesOf(given, 'node-up'),
    down: valuesOf(given, 'node-down'),
    fail: valuesOf(given, 'node-fail'),
    grant: valuesOf(given, 'ticket-grant'),
    revoke: valuesOf(given, 'ticket-revoke'),
    standby: valuesOf(given, 'ticket-standby'),
    activate: valuesOf(given, 'ticket-activate'),
    operations: parsed['op-inject'],
  };
  return { injections, failures: parsed['op-fail'] };
}

const mostRepeats = 1_000_000;

/** How often `--profile` runs each input; undefined for what is no such number. */
export function repeatCount(given: readonly GivenOption[]): number | undefined {
  const text = lastValue(given, 'repeat') ?? '1';
  const count = /^[0-9]+$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= mostRepeats ? count : undefined;
}

/** Options of this tool that do nothing yet are refused rather than ignored. */
export function unsupported(given: readonly GivenOption[]): string | undefined {
  if (hasOption(given, 'in-place') && lastValue(given, 'xml-file') === undefined) {
    return '--in-place is only supported together with --xml-file';
  }
  return undefined;
}
