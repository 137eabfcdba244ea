import { attr, type Element, element, firstChild, withAttributes } from '@sanode/xml';
import type { PerformInput } from './perform.ts';

/** First element of `cib_calldata`. */
export function requestData(message: Element): Element | undefined {
  const data = firstChild(message, 'cib_calldata');
  return data && firstChild(data);
}

/** Call options of a message; what is no number is 0. */
export function requestOptions(message: Element): number {
  const value = Number.parseInt(attr(message, 'cib_callopt') ?? '0', 10);
  return Number.isNaN(value) ? 0 : value;
}

/** What a request asks for, in the form replicas carry it out. */
export function performInputOf(message: Element): PerformInput {
  return {
    operation: attr(message, 'cib_op') ?? '',
    section: attr(message, 'cib_section'),
    data: requestData(message),
    options: requestOptions(message),
    fullCopy: attr(message, 'cib_update') === 'true',
    digest: attr(message, 'digest'),
    digestFeatureSet: attr(message, 'crm_feature_set'),
    origin: attr(message, 'src'),
    clientName: attr(message, 'cib_clientname'),
    user: attr(message, 'cib_user'),
    schemaMaximum: attr(message, 'cib_schema_max'),
  };
}

/** The reply to a request (cib.md 3.2). @param to node that is to get it by CPG; absent: a local client */
export function replyTo(request: Element, rc: number, output: Element | undefined, to?: string): Element {
  return element(
    'cib-reply',
    {
      t: 'cib',
      cib_op: attr(request, 'cib_op'),
      cib_callid: attr(request, 'cib_callid'),
      cib_clientid: attr(request, 'cib_clientid'),
      cib_callopt: attr(request, 'cib_callopt') ?? '0',
      cib_rc: rc,
      cib_isreplyto: to,
    },
    output === undefined ? [] : [element('cib_calldata', {}, [output])],
  );
}

const copiedFields = [
  '__name__',
  't',
  'cib_clientid',
  'cib_callopt',
  'cib_callid',
  'cib_op',
  'cib_section',
  'cib_delegated_from',
  'cib_async_id',
  'cib_clientname',
  'cib_user',
];

/** A full copy (cib.md 6.1). @param request what asked for it @param requester node that it reports to */
export function fullCopy(
  request: Element,
  requester: string,
  cib: Element,
  made: { featureSet: string; digest: string },
): Element {
  const fields: Record<string, string | undefined> = {};
  for (const name of copiedFields) fields[name] = attr(request, name);
  const copy = element('copy', { ...fields, t: 'cib' }, [element('cib_calldata', {}, [cib])]);
  return withAttributes(copy, {
    cib_op: 'cib_replace',
    cib_isreplyto: requester,
    original_cib_op: attr(request, 'cib_op'),
    cib_update: 'true',
    crm_feature_set: made.featureSet,
    digest: made.digest,
  });
}

/** A change's notification (cib.md 8). */
export function diffNotification(request: Element, rc: number, cib: Element, diff: Element, newer: boolean): Element {
  const data = requestData(request);
  const origin = newer
    ? {
        cib_clientid: attr(request, 'cib_clientid'),
        cib_clientname: attr(request, 'cib_clientname'),
        cib_callid: attr(request, 'cib_callid'),
        src: attr(request, 'src'),
      }
    : {};
  return element(
    'notify',
    {
      t: 'cib_notify',
      subt: 'cib_diff_notify',
      cib_op: attr(request, 'cib_op'),
      cib_rc: rc,
      cib_object_type: data?.name,
      ...origin,
    },
    [
      element('cib_generation', {}, [element('generation_tuple', cib.attributes)]),
      data === undefined ? undefined : element('cib_update', {}, [data]),
      element('cib_update_result', {}, [diff]),
    ],
  );
}
