import type { CorosyncErrorCode } from '../client/types.ts';

/** Result numbers of corosync's libraries (cs_error_t, corosync-services.md 0), as they travel on the local socket. */
export const csResult = {
  OK: 1,
  LIBRARY: 2,
  VERSION: 3,
  TIMEOUT: 5,
  TRY_AGAIN: 6,
  INVALID_PARAM: 7,
  NO_MEMORY: 8,
  BAD_HANDLE: 9,
  BUSY: 10,
  ACCESS: 11,
  NOT_EXIST: 12,
  NAME_TOO_LONG: 13,
  EXIST: 14,
  NO_SPACE: 15,
  INTERRUPT: 16,
  NAME_NOT_FOUND: 17,
  NOT_SUPPORTED: 19,
  BAD_OPERATION: 20,
  FAILED_OPERATION: 21,
  MESSAGE_ERROR: 22,
  QUEUE_FULL: 23,
  TOO_BIG: 26,
  NO_SECTIONS: 27,
} as const satisfies Record<CorosyncErrorCode | 'OK', number>;

export type CsResultName = keyof typeof csResult;

const names = new Map<number, CsResultName>(
  Object.entries(csResult).map(([name, value]) => [value, name as CsResultName]),
);

/** Name of a result number; unknown numbers read as LIBRARY, the libraries' word for "something else". */
export function csResultName(value: number): CsResultName {
  return names.get(value) ?? 'LIBRARY';
}
