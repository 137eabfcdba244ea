import { writeFileSync } from 'node:fs';
import { acceptableCib, schemaNames, validateCib } from '@sanode/cib';
import { formatUtc, fromEpoch, parseDateTime, toEpoch } from '@sanode/rules';
import { announcedRelease } from '@sanode/runtime';
import {
  dotText,
  ListText,
  type ScheduleOptions,
  scheduleWorkingSet,
  showClusterStatus,
  transitionSummary,
  unpack,
  type WorkingSet,
} from '@sanode/scheduler';
import { attr, type Element, printPretty } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import { type GivenOption, hasOption, lastValue, parseOptions } from '../../common/options.ts';
import { versionText } from '../../common/version.ts';
import type { ToolIo } from '../../io.ts';
import { Simulator } from './execute.ts';
import { hasInjections, inject } from './inject.ts';
import { readInput } from './input.ts';
import { helpText, optionSpecs, readEvents, unsupported } from './options.ts';
import { SimulatedCib } from './status.ts';

const secondsPerMinute = 60;
const maxPendingLength = 64 * 1024;

/** crm_simulate: what the cluster would do, and what would become of it (scheduler-3 20). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const buffered = bufferedOutput(io);
  try {
    return await simulate(argv, buffered.io);
  } finally {
    buffered.flush();
  }
}

/** Collects what is written to standard output: a large cluster has a hundred thousand lines. */
function bufferedOutput(io: ToolIo): { io: ToolIo; flush(): void } {
  let pending = '';
  const flush = (): void => {
    if (pending !== '') io.stdout(pending);
    pending = '';
  };
  const stdout = (text: string): void => {
    pending += text;
    if (pending.length > maxPendingLength) flush();
  };
  const stderr = (text: string): void => {
    flush();
    io.stderr(text);
  };
  return { io: { ...io, stdout, stderr }, flush };
}

async function simulate(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseOptions(argv, optionSpecs);
  if (!parsed.ok) {
    io.stderr(
      `crm_simulate: ${parsed.problem === 'missing' ? 'Missing argument for' : 'Unknown option'} ${parsed.word}\n`,
    );
    return exitCode.usage;
  }
  const { given } = parsed;
  if (hasOption(given, 'help') || hasOption(given, 'version')) {
    io.stdout(hasOption(given, 'help') ? helpText : versionText());
    return exitCode.ok;
  }
  const events = readEvents(given);
  const refusal = unsupported(given) ?? (typeof events === 'string' ? events : undefined);
  if (refusal !== undefined || typeof events === 'string') {
    io.stderr(`crm_simulate: ${refusal}\n`);
    return exitCode.usage;
  }
  const input = await readInput(given, io);
  if ('exit' in input) return input.exit;
  const cib = usableCib(input.cib, io);
  if (cib === undefined) return exitCode.config;
  return new Simulation(given, io, input.live, events).run(cib);
}

/** The CIB, upgraded in memory where its schema is old (scheduler-1 2.2); undefined when it can not be used. */
function usableCib(cib: Element, io: ToolIo): Element | undefined {
  const declared = attr(cib, 'validate-with') ?? '';
  if (declared === 'none') {
    io.stderr(
      'Schema validation of configuration is disabled (support for validate-with set to "none" is deprecated and will be removed in a future release)\n',
    );
    return cib;
  }
  const problems = validateCib(cib);
  const { cib: usable, messages, refusals } = acceptableCib(cib, announcedRelease());
  for (const message of messages) io.stderr(`${message}\n`);
  if (usable !== undefined && (usable !== cib || problems.length === 0)) return usable;
  for (const problem of problems) io.stderr(`${problem}\n`);
  if (schemaNames.includes(declared)) for (const refusal of refusals.slice(0, 1)) io.stderr(`${refusal}\n`);
  return undefined;
}

type Events = Exclude<ReturnType<typeof readEvents>, string>;

class Simulation {
  readonly #given: readonly GivenOption[];
  readonly #io: ToolIo;
  readonly #live: boolean;
  readonly #events: Events;
  readonly #quiet: boolean;
  readonly #scores: boolean;
  readonly #utilization: boolean;
  readonly #text: ListText;
  readonly #utcOffsetSeconds = -new Date().getTimezoneOffset() * secondsPerMinute;

  constructor(given: readonly GivenOption[], io: ToolIo, live: boolean, events: Events) {
    this.#given = given;
    this.#io = io;
    this.#live = live;
    this.#events = events;
    this.#quiet = hasOption(given, 'quiet');
    this.#scores = hasOption(given, 'show-scores');
    this.#utilization = hasOption(given, 'show-utilization');
    const fancy = !(this.#quiet && this.#scores);
    this.#text = new ListText((text) => io.stdout(text), { fancy });
  }

  run(original: Element): number {
    const options = this.#scheduleOptions(original);
    if (options === undefined) {
      this.#io.stderr(`crm_simulate: '${lastValue(this.#given, 'set-datetime')}' is no date and time\n`);
      return exitCode.usage;
    }
    let cib = new SimulatedCib(original);
    this.#showDate(original);
    let set = this.#unpack(cib, options);
    let printed = false;
    if (!this.#quiet) {
      this.#showNotices(set);
      this.#text.begin('Current cluster status');
      showClusterStatus(set, this.#text, true);
      this.#text.end();
      printed = true;
    }
    if (hasInjections(this.#events.injections)) {
      if (printed && !this.#quiet) this.#text.spacer();
      const silent = new ListText(() => {}, { fancy: true });
      const text = this.#quiet ? silent : this.#text;
      text.begin('Performing Requested Modifications');
      cib = inject(set, cib, this.#events.injections, text);
      text.end();
      if (!this.#quiet) this.#showDate(original);
      set = this.#unpack(cib, options);
    }
    this.#save('save-input', () => printPretty(cib.document()));
    const wanted = ['run', 'simulate', 'in-place', 'show-scores', 'show-utilization', 'save-graph', 'save-dotfile'];
    if (!wanted.some((name) => hasOption(this.#given, name))) return exitCode.ok;
    return this.#schedule(original, cib, set, options, printed);
  }

  #scheduleOptions(cib: Element): ScheduleOptions | undefined {
    const text = lastValue(this.#given, 'set-datetime');
    let nowMs = Date.now();
    if (text !== undefined) {
      const local = fromEpoch(Math.floor(nowMs / 1000), this.#utcOffsetSeconds);
      const time = parseDateTime(text, local);
      if (time === undefined) return undefined;
      nowMs = toEpoch(time) * 1000;
    }
    return {
      nowMs,
      useExecutionDate: text === undefined && attr(cib, 'execution-date') !== undefined,
      utcOffsetSeconds: this.#utcOffsetSeconds,
      sanitized: !this.#live,
      showUtilization: this.#utilization,
    };
  }

  /** Reads the status, and says what there is to say about it. */
  #unpack(cib: SimulatedCib, options: ScheduleOptions): WorkingSet {
    const set = unpack(cib.document(), options);
    if (!this.#quiet) for (const { text } of set.printed) this.#text.info(text);
    return set;
  }

  #showDate(cib: Element): void {
    if (this.#quiet) return;
    const text = lastValue(this.#given, 'set-datetime');
    const recorded = attr(cib, 'execution-date');
    if (text !== undefined) {
      this.#text.info(`Setting effective cluster time: ${text}`);
    } else if (recorded !== undefined && /^[0-9]+/.test(recorded)) {
      const shown = formatUtc(fromEpoch(Number.parseInt(recorded, 10)));
      this.#text.info(`Using the original execution date of: ${shown}`);
    }
  }

  #showNotices(set: WorkingSet): void {
    let printed = false;
    if (set.options.maintenanceMode) {
      this.#text.spacer();
      this.#text.info('              *** Resource management is DISABLED ***');
      this.#text.info('  The cluster will not attempt to start, stop or recover services');
      printed = true;
    }
    const { total, disabled, blocked } = set.counts;
    if (disabled > 0 || blocked > 0) {
      if (printed) this.#text.spacer();
      this.#text.info(
        `${disabled} of ${total} resource instances DISABLED and ${blocked} BLOCKED from further action due to failure`,
      );
      printed = true;
    }
    if (printed) this.#text.spacer();
  }

  #schedule(original: Element, cib: SimulatedCib, set: WorkingSet, options: ScheduleOptions, before: boolean): number {
    let printed = before;
    const already = set.printed.length;
    const result = scheduleWorkingSet(set, options);
    if (this.#scores || this.#utilization) {
      if (printed) this.#text.spacer();
      printed = true;
      let title = 'Assignment Scores';
      if (this.#utilization) title = this.#scores ? `${title} and Utilization Information` : 'Utilization Information';
      this.#text.begin(title);
      for (const { kind, text } of result.printed.slice(already)) {
        if (kind === 'notice' && !this.#quiet) this.#text.info(text);
        if (kind === 'score' ? this.#scores : kind === 'utilization' && this.#utilization) this.#text.item(text);
      }
      this.#text.end();
    }
    this.#save('save-graph', () => printPretty(result.graph, { escaping: '3.0' }));
    const dot = { allActions: hasOption(this.#given, 'all-actions'), verbose: hasOption(this.#given, 'verbose') };
    const dotFile = lastValue(this.#given, 'save-dotfile');
    if (dotFile !== undefined) writeFileSync(dotFile, dotText(set, dot));
    if (!this.#quiet) {
      this.#text.spacer();
      this.#text.begin('Transition Summary');
      for (const line of transitionSummary(set)) this.#text.item(line);
      this.#text.end();
    }
    const simulate = hasOption(this.#given, 'simulate') || hasOption(this.#given, 'in-place');
    return simulate ? this.#execute(original, cib, set, options, result.graph, printed) : exitCode.ok;
  }

  #execute(
    original: Element,
    cib: SimulatedCib,
    set: WorkingSet,
    options: ScheduleOptions,
    graph: Element,
    printed: boolean,
  ): number {
    if (printed) this.#text.spacer();
    if (!this.#quiet) this.#text.begin('Executing Cluster Transition');
    const simulator = new Simulator(
      { set, cib, text: this.#quiet ? undefined : this.#text },
      { failures: this.#events.failures, nowSeconds: Math.floor(Date.now() / 1000) },
    );
    const { status } = simulator.run(graph);
    if (!this.#quiet) this.#text.end();
    if (status === 'terminated') {
      this.#io.stderr(`Transition failed: ${status}\nAn invalid transition was produced\n`);
    }
    const after = cib.document();
    this.#save('save-output', () => printPretty(after));
    if (hasOption(this.#given, 'in-place')) this.#save('xml-file', () => printPretty(after));
    if (!this.#quiet) {
      this.#showDate(original);
      // The reference forgets here that the input may hide parameters.
      const revised = this.#unpack(cib, { ...options, sanitized: false });
      this.#text.spacer();
      this.#text.begin('Revised Cluster Status');
      showClusterStatus(revised, this.#text, false);
      this.#text.end();
    }
    return status === 'terminated' ? exitCode.error : exitCode.ok;
  }

  #save(option: string, text: () => string): void {
    const file = lastValue(this.#given, option);
    if (file !== undefined) writeFileSync(file, text());
  }
}
