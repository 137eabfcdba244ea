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
import type { Section } from '@sanode/status';
import { attr, type Element, printPretty } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import { type GivenOption, hasOption, lastValue, parseOptions } from '../../common/options.ts';
import { versionText } from '../../common/version.ts';
import type { ToolIo } from '../../io.ts';
import { Simulator } from './execute.ts';
import { hasInjections, inject, unknownNode } from './inject.ts';
import { readInput } from './input.ts';
import { helpText, optionSpecs, readEvents, repeatCount, unsupported } from './options.ts';
import { profile } from './profile.ts';
import { extraSections } from './sections.ts';
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
  const folder = lastValue(given, 'profile');
  if (folder !== undefined) return runProfile(folder, given, io);
  const input = await readInput(given, io);
  if ('exit' in input) return input.exit;
  const cib = usableCib(input.cib, io);
  if (cib === undefined) return exitCode.config;
  return new Simulation(given, io, input.live, events).run(cib);
}

async function runProfile(folder: string, given: readonly GivenOption[], io: ToolIo): Promise<number> {
  const repeat = repeatCount(given);
  if (repeat === undefined) {
    io.stderr(`crm_simulate: '${lastValue(given, 'repeat')}' is no number of times: give 1 or more\n`);
    return exitCode.usage;
  }
  return profile(folder, repeat, io, {
    read: async (file) => {
      const input = await readInput([{ name: 'xml-file', value: file }], io);
      return 'exit' in input ? undefined : usableCib(input.cib, io);
    },
    optionsFor: (cib) => scheduleOptions(given, cib, false),
  });
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
  const { cib: usable, messages, refusals } = acceptableCib(cib, announcedRelease());
  for (const message of messages) io.stderr(`${message}\n`);
  // An upgraded document has been validated on the way.
  if (usable !== undefined && usable !== cib) return usable;
  const problems = validateCib(cib);
  if (usable !== undefined && problems.length === 0) return usable;
  for (const problem of problems) io.stderr(`${problem}\n`);
  if (schemaNames.includes(declared)) for (const refusal of refusals.slice(0, 1)) io.stderr(`${refusal}\n`);
  return undefined;
}

/** How to schedule a CIB; `undefined` where the given time is none. */
function scheduleOptions(given: readonly GivenOption[], cib: Element, live: boolean): ScheduleOptions | undefined {
  const text = lastValue(given, 'set-datetime');
  const utcOffsetSeconds = -new Date().getTimezoneOffset() * secondsPerMinute;
  let nowMs = Date.now();
  if (text !== undefined) {
    const time = parseDateTime(text, fromEpoch(Math.floor(nowMs / 1000), utcOffsetSeconds));
    if (time === undefined) return undefined;
    nowMs = toEpoch(time) * 1000;
  }
  return {
    nowMs,
    useExecutionDate: text === undefined && attr(cib, 'execution-date') !== undefined,
    utcOffsetSeconds,
    sanitized: !live,
    showUtilization: hasOption(given, 'show-utilization'),
  };
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
    const options = scheduleOptions(this.#given, original, this.#live);
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
      this.#showStatus(set, true);
      this.#text.end();
      printed = true;
    }
    if (this.#events.injections.quorum !== undefined && !hasInjections(this.#events.injections)) {
      this.#io.stderr('crm_simulate: --quorum takes effect only together with another event, as in Pacemaker 3.0\n');
    }
    if (hasInjections(this.#events.injections)) {
      const unknown = unknownNode(set, this.#events.injections);
      if (unknown !== undefined) {
        this.#io.stderr(`crm_simulate: There is no node '${unknown}'; --node-up can make one\n`);
        return exitCode.noSuchObject;
      }
      if (printed && !this.#quiet) this.#text.spacer();
      const silent = new ListText(() => {}, { fancy: true });
      const text = this.#quiet ? silent : this.#text;
      text.begin('Performing Requested Modifications');
      cib = inject(set, cib, this.#events.injections, text, (complaint) => this.#io.stderr(`${complaint}\n`));
      text.end();
      printed = true;
      if (!this.#quiet) this.#showDate(original);
      set = this.#unpack(cib, options);
    }
    this.#save('save-input', () => printPretty(cib.document()));
    const wanted = ['run', 'simulate', 'in-place', 'show-scores', 'show-utilization', 'save-graph', 'save-dotfile'];
    if (!wanted.some((name) => hasOption(this.#given, name))) return exitCode.ok;
    return this.#schedule(original, cib, set, options, printed);
  }

  /** Reads the status, and says what there is to say about it. */
  #unpack(cib: SimulatedCib, options: ScheduleOptions): WorkingSet {
    const set = unpack(cib.document(), options);
    if (!this.#quiet) for (const { text } of set.printed) this.#text.info(text);
    return set;
  }

  #showStatus(set: WorkingSet, showPending: boolean): void {
    showClusterStatus(set, this.#text, showPending);
    const sections = new Set<Section>();
    if (hasOption(this.#given, 'show-attrs')) sections.add('attributes');
    if (hasOption(this.#given, 'show-failcounts')) sections.add('failcounts');
    if (sections.size > 0) this.#io.stdout(extraSections(set, sections));
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
      this.#showStatus(revised, false);
      this.#text.end();
    }
    return status === 'terminated' ? exitCode.error : exitCode.ok;
  }

  #save(option: string, text: () => string): void {
    const file = lastValue(this.#given, option);
    if (file !== undefined) writeFileSync(file, text());
  }
}
