import type { Element } from '@sanode/xml';
import type { Message, WorkingSet } from './model/working-set.ts';

export interface ScheduleOptions {
  /** Effective time, ms since the epoch; used unless the CIB carries `execution-date` and `useExecutionDate` is set. */
  readonly nowMs: number;
  /** Take the time from `cib/@execution-date` where it is there (crm_simulate). Default false. */
  readonly useExecutionDate?: boolean;
  /** Offset of local time from UTC in seconds, for dates that name none. Default 0. */
  readonly utcOffsetSeconds?: number;
  /** Sensitive parameters may be masked in the input (files given to crm_simulate). Default false. */
  readonly sanitized?: boolean;
  /** Number of the transition, from 1. Default 1. */
  readonly transitionId?: number;
  /** Also list nodes' capacities and resources' utilization. Default false. */
  readonly showUtilization?: boolean;
  /** This node's name, where it is to exist even if the CIB does not know it. */
  readonly localNode?: string;
}

export interface ScheduleResult {
  /** `<transition_graph>`, ready for the transition engine. */
  readonly graph: Element;
  /** Score rows in the order in which they came up, without line feeds. */
  readonly scores: readonly string[];
  /** Every primitive's assigned node's name by resource id; absent: nowhere. */
  readonly placement: ReadonlyMap<string, string>;
  readonly messages: readonly Message[];
  /** Epoch seconds at which the result changes by itself. */
  readonly recheckBy: number | undefined;
  /** The model after the run, for those who print it. */
  readonly set: WorkingSet;
}

/** Builds the model of a CIB. Never throws on what the schema accepts; oddities are in `messages` (scheduler-1). */
export function unpack(_cib: Element, _options: ScheduleOptions): WorkingSet {
  throw new Error('the scheduler is being built');
}

/** Runs on a model that `unpack` made; to be called once for each model. */
export function scheduleWorkingSet(_set: WorkingSet, _options: ScheduleOptions): ScheduleResult {
  throw new Error('the scheduler is being built');
}

/** What to do about a CIB: a pure function; same input, same bytes out (scheduler-1 to -3). */
export function schedule(cib: Element, options: ScheduleOptions): ScheduleResult {
  return scheduleWorkingSet(unpack(cib, options), options);
}
