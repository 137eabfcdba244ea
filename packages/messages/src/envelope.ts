import { attr, childElements, type Element, element, firstChild } from '@sanode/xml';
import { compareVersions } from './versions.ts';

/** Extra attribute on the root of a message between nodes: the event that it was caused by. Peers ignore it. */
export const CAUSE_ATTRIBUTE = 'sanode-cause';

/** First feature set whose senders name the root of every controller message `message`. */
const PLAIN_ROOT_SINCE = '3.17.0';

/** What {@link Envelopes.request} is told. */
export interface RequestInput {
  /** Operation, attribute `crm_task`. */
  task: string;
  /** Destination subsystem (`crmd`, `dc`, `lrmd`, `tengine`, a client's id ...). */
  to: string;
  /** Origin subsystem or client id. */
  from: string;
  /** Destination node; absent: everyone. */
  host?: string | undefined;
  /** Name of the function that builds it, for the peers' logs. */
  origin: string;
  /** Attributes after the envelope's own, in order. */
  attributes?: Readonly<Record<string, string | number | undefined>>;
  data?: Element | undefined;
  /** Attribute `t`; default `crmd`. */
  type?: string;
}

/**
 * Makes controller messages (controller.md 3). Counts references per process.
 * `featureSet` is what we announce; it decides the root's name too (`create_request_adv` before 3.17).
 */
export class Envelopes {
  readonly featureSet: string;
  readonly #wallMs: () => number;
  readonly #plainRoot: boolean;
  #count = 0;

  constructor(deps: { wallMs: () => number }, options: { featureSet: string }) {
    this.#wallMs = deps.wallMs;
    this.featureSet = options.featureSet;
    this.#plainRoot = compareVersions(options.featureSet, PLAIN_ROOT_SINCE) >= 0;
  }

  request(input: RequestInput): Element {
    const reference = `${input.task}-${input.from}-${Math.floor(this.#wallMs() / 1000)}-${this.#count}`;
    this.#count += 1;
    return element(
      this.#plainRoot ? 'message' : 'create_request_adv',
      {
        origin: input.origin,
        t: input.type ?? 'crmd',
        version: this.featureSet,
        subt: 'request',
        reference,
        crm_task: input.task,
        crm_sys_to: input.to,
        crm_sys_from: input.from,
        crm_host_to: input.host,
        ...input.attributes,
      },
      input.data === undefined ? [] : [element('crm_xml', {}, [input.data])],
    );
  }

  /** The reply to a request: ends swapped, same reference and task. @returns undefined if it has none of these */
  reply(request: Element, origin: string, data?: Element): Element | undefined {
    const task = attr(request, 'crm_task');
    const from = attr(request, 'crm_sys_from');
    const reference = attr(request, 'reference');
    if (task === undefined || from === undefined || reference === undefined) return undefined;
    if (attr(request, 'subt') !== 'request') return undefined;
    return element(
      this.#plainRoot ? 'message' : 'create_reply_adv',
      {
        origin,
        t: attr(request, 't') ?? 'crmd',
        version: this.featureSet,
        subt: 'response',
        reference,
        crm_task: task,
        crm_sys_to: from,
        crm_sys_from: attr(request, 'crm_sys_to'),
        crm_host_to: attr(request, 'src'),
      },
      data === undefined ? [] : [element('crm_xml', {}, [data])],
    );
  }
}

/** The data of a message: the only element inside `crm_xml`. */
export function messageData(message: Element): Element | undefined {
  const wrapper = firstChild(message, 'crm_xml');
  return wrapper === undefined ? undefined : childElements(wrapper)[0];
}
