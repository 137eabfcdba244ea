import { attr, type Element } from '@sanode/xml';
import { decodeOperationKey, decodeTransitionKey, type TransitionKey } from './keys.ts';

/** What a history entry says about a transition (controller.md 8.4, processing an `lrm_rsc_op`). */
export type ResultVerdict =
  /** Says nothing: no key, or still pending. */
  | { readonly type: 'nothing' }
  /** Did not come from the running graph: the scheduler must look at it. */
  | { readonly type: 'unexpected'; readonly text: string; readonly key: TransitionKey | undefined; readonly rc: number }
  /** A recurring operation of an earlier graph was cancelled. */
  | { readonly type: 'cancelled'; readonly operationKey: string }
  /** Result of an action of the running graph. */
  | { readonly type: 'current'; readonly key: TransitionKey; readonly rc: number };

/** The graph that is being walked. */
export interface RunningGraph {
  readonly engineUuid: string;
  readonly transitionId: number;
  readonly complete: boolean;
}

/** Judges a history entry. */
export function judgeResult(operation: Element, running: RunningGraph): ResultVerdict {
  const keyText = attr(operation, 'transition-key');
  const status = opStatus(operation);
  const statusPending = -1;
  if (keyText === undefined || Number.isNaN(status) || status === statusPending) return { type: 'nothing' };
  const rc = effectiveRc(Number.parseInt(attr(operation, 'rc-code') ?? '', 10));
  const key = decodeTransitionKey(keyText);
  if (key === undefined || Number.isNaN(rc)) return { type: 'unexpected', text: 'Bad event', key: undefined, rc };
  if (key.transitionId === -1) return { type: 'unexpected', text: 'Unexpected event', key, rc };
  if (key.actionId < 0 || key.engineUuid !== running.engineUuid) {
    return { type: 'unexpected', text: 'Foreign event', key, rc };
  }
  const isCurrent = key.transitionId === running.transitionId;
  if (isCurrent && !running.complete) return { type: 'current', key, rc };
  const operationKey = attr(operation, 'operation_key') ?? '';
  if ((decodeOperationKey(operationKey)?.intervalMs ?? 0) === 0) {
    return { type: 'unexpected', text: isCurrent ? 'Inactive graph' : 'Old event', key, rc };
  }
  const statusCancelled = 1;
  if (status === statusCancelled) return { type: 'cancelled', operationKey };
  return { type: 'unexpected', text: 'Change in recurring result', key, rc };
}

/** Execution status of an entry; NaN when it has none. */
export function opStatus(operation: Element): number {
  return Number.parseInt(attr(operation, 'op-status') ?? '', 10);
}

/** Degraded results count as what they are a worse form of. */
function effectiveRc(rc: number): number {
  return rc === 190 ? 0 : rc === 191 ? 8 : rc;
}
