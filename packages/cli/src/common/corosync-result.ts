import { CorosyncError } from '@sanode/cluster/client';

const numbers: Readonly<Record<string, number>> = {
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
  FAILED_OPERATION: 21,
};

/** `CS_ERR_...` of an error of corosync's clients. Other errors are thrown on. */
export function resultText(error: unknown): string {
  if (error instanceof CorosyncError) return `CS_ERR_${error.code}`;
  throw error;
}

/** Number (cs_error_t) of an error of corosync's clients. Other errors are thrown on. */
export function resultNumber(error: unknown): number {
  if (error instanceof CorosyncError) return numbers[error.code] ?? 2;
  throw error;
}
