import { attr, childElements, type Element, element, firstChild } from '@sanode/xml';
import type { ActionResult, Operation } from './operation.ts';

/** Attribute that names what caused a message (design, idea 6). */
export const causeAttribute = 'sanode-cause';

/** A non-negative integer attribute, 0 where it is absent or no number. */
export function numberOf(node: Element, name: string): number {
  const value = Number(attr(node, name) ?? '0');
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

/** `<lrmd_rsc>` inside a command's `<lrmd_calldata>`. */
export function resourceData(command: Element): Element | undefined {
  const data = firstChild(command, 'lrmd_calldata');
  return data === undefined ? undefined : firstChild(data, 'lrmd_rsc');
}

/** Parameters of a command: attributes, and `<param name value/>` for names that XML does not allow. */
export function readParameters(resource: Element): Map<string, string> {
  const attributes = firstChild(resource, 'attributes');
  const parameters = new Map(attributes?.attributes ?? []);
  for (const param of attributes === undefined ? [] : childElements(attributes, 'param')) {
    const name = attr(param, 'name');
    if (name !== undefined) parameters.set(name, attr(param, 'value') ?? '');
  }
  return parameters;
}

const xmlName = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** `<attributes>` for parameters. */
export function attributesElement(parameters: ReadonlyMap<string, string>): Element {
  const plain = [...parameters].filter(([name]) => xmlName.test(name));
  const odd = [...parameters].filter(([name]) => !xmlName.test(name));
  return element(
    'attributes',
    new Map(plain),
    odd.map(([name, value]) => element('param', { name, value })),
  );
}

/** Text for an attribute: XML has no other control characters than tab and newlines. */
export function cleanText(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '?');
}

/** Notification of a finished operation (executor-fencer-attrd.md 1). */
export function completionNotify(operation: Operation, result: ActionResult, origin: string, cause: string): Element {
  const output = result.stderr !== '' ? result.stderr : result.stdout;
  return element(
    'lrmd_notify',
    {
      lrmd_origin: origin,
      lrmd_timeout: operation.timeoutMs,
      lrmd_rsc_interval: operation.intervalMs,
      lrmd_rsc_start_delay: operation.startDelayMs,
      lrmd_exec_rc: result.code,
      lrmd_exec_op_status: result.status,
      lrmd_callid: operation.callId,
      lrmd_rsc_deleted: operation.resourceDeleted ? 1 : 0,
      lrmd_run_time: operation.runEpoch,
      lrmd_rcchange_time: operation.changeEpoch,
      lrmd_exec_time: Math.round(operation.lastTimes.execMs),
      lrmd_queue_time: Math.round(operation.lastTimes.queueMs),
      lrmd_op: 'lrmd_rsc_exec',
      lrmd_rsc_id: operation.resourceId,
      lrmd_rsc_action: operation.action,
      lrmd_rsc_userdata_str: operation.userData,
      lrmd_rsc_exit_reason: result.exitReason === '' ? undefined : cleanText(result.exitReason),
      lrmd_rsc_output: output === '' ? undefined : cleanText(output),
      [causeAttribute]: cause,
    },
    [attributesElement(operation.parameters)],
  );
}
