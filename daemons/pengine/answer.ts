import { acceptableCib } from '@sanode/cib';
import { messageData } from '@sanode/messages';
import type { Logger, Release } from '@sanode/runtime';
import { type ScheduleResult, schedule } from '@sanode/scheduler';
import { attr, type Element, element, printCompact, withAttributes } from '@sanode/xml';
import { type InputSeries, limitOption, type Series, seriesLimit } from './input-series.ts';

export interface AnswerDeps {
  readonly log: Logger;
  readonly inputs: InputSeries;
  readonly wallMs: () => number;
  readonly utcOffsetSeconds: () => number;
}

/** Answers the controller's questions; counts transitions from 1 (controller.md 8.1). */
export class SchedulerService {
  readonly #deps: AnswerDeps;
  readonly #featureSet: string;
  readonly #release: Release;
  #transitionId = 0;

  constructor(deps: AnswerDeps, release: Release) {
    this.#deps = deps;
    this.#featureSet = release.featureSet;
    this.#release = release;
  }

  /** The reply to a request, and what to do once it is on its way. */
  answer(request: Element): { reply: Element; afterwards: () => void } {
    const task = attr(request, 'crm_task');
    const cib = messageData(request);
    const cause = attr(request, 'sanode-cause');
    if (task !== 'pe_calc' || cib?.name !== 'cib') {
      const refusal = task === 'pe_calc' ? 'there is no CIB in the request' : `the scheduler does not know '${task}'`;
      this.#deps.log.warn({ cause }, `refuses a request: ${refusal}`);
      return { reply: this.#reply(request, { 'sanode-refusal': refusal }), afterwards: () => {} };
    }
    const usable = this.#usable(cib, cause);
    if (typeof usable === 'string')
      return { reply: this.#reply(request, { 'sanode-refusal': usable }), afterwards: () => {} };
    this.#transitionId += 1;
    const nowMs = this.#deps.wallMs();
    const result = schedule(usable, {
      nowMs,
      utcOffsetSeconds: this.#deps.utcOffsetSeconds(),
      transitionId: this.#transitionId,
      featureSet: this.#featureSet,
    });
    const { graph } = result;
    this.#logMessages(result, cause);
    const series = seriesOf(result);
    const limit = seriesLimit(series, result.set.options.values.get(limitOption(series)));
    const file = this.#nextFile(series, limit);
    const steps = graph.children.length;
    this.#deps.log.info(
      { cause, transition: this.#transitionId, steps, ms: this.#deps.wallMs() - nowMs },
      `calculated transition ${this.#transitionId}${file === undefined ? '' : `, saving inputs in ${file}`}`,
    );
    const reply = this.#reply(request, { 'crm-tgraph-in': file }, graph);
    return { reply, afterwards: () => this.#save(cib, nowMs, series, limit) };
  }

  /** The document in a schema that the scheduler knows, or why there is none (cib-schema.md 7.5). */
  #usable(cib: Element, cause: string | undefined): Element | string {
    const { cib: usable, messages, refusals, note } = acceptableCib(cib, this.#release);
    for (const text of messages) this.#deps.log.debug({ cause }, `CIB upgrade: ${text}`);
    for (const text of refusals) this.#deps.log.error({ cause }, text);
    if (note?.level === 'warning') this.#deps.log.warn({ cause }, note.text);
    else if (note !== undefined) this.#deps.log.debug({ cause }, note.text);
    return usable ?? refusals[0] ?? 'the configuration can not be used';
  }

  #reply(request: Element, attributes: Readonly<Record<string, string | undefined>>, data?: Element): Element {
    const task = attr(request, 'crm_task');
    const envelope = {
      t: attr(request, 't') ?? 'crmd',
      subt: 'response',
      version: this.#featureSet,
      reference: attr(request, 'reference'),
      crm_task: task,
      crm_sys_to: attr(request, 'crm_sys_from'),
      crm_sys_from: attr(request, 'crm_sys_to'),
      'sanode-cause': attr(request, 'sanode-cause'),
      ...attributes,
    };
    return element('message', envelope, [data === undefined ? undefined : element('crm_xml', {}, [data])]);
  }

  #logMessages(result: ScheduleResult, cause: string | undefined): void {
    for (const { level, text } of result.messages) {
      if (level === 'error') this.#deps.log.error({ cause }, text);
      else if (level === 'warning') this.#deps.log.warn({ cause }, text);
      else if (level === 'notice') this.#deps.log.info({ cause }, text);
      else this.#deps.log.debug({ cause }, text);
    }
  }

  /** A number that can't be read keeps no graph back: the input is not saved then. */
  #nextFile(series: Series, limit: number): string | undefined {
    try {
      return this.#deps.inputs.nextFile(series, limit);
    } catch (error) {
      this.#deps.log.error({ err: error }, 'the number of the last saved input cannot be read');
      return undefined;
    }
  }

  #save(cib: Element, nowMs: number, series: Series, limit: number): void {
    const dated = withAttributes(cib, { 'execution-date': Math.floor(nowMs / 1000) });
    try {
      this.#deps.inputs.save(series, limit, `${printCompact(dated)}\n`);
    } catch (error) {
      this.#deps.log.error({ err: error }, 'the input of a transition could not be saved');
    }
  }
}

/** Which series an input belongs to: by the worst that was found in it. */
function seriesOf(result: ScheduleResult): Series {
  if (result.messages.some(({ level }) => level === 'error')) return 'error';
  return result.messages.some(({ level }) => level === 'warning') ? 'warn' : 'input';
}
