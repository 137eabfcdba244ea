import { CorosyncError, csResult } from '@sanode/cluster/client';

/** `CS_ERR_...` of an error of corosync's clients. Other errors are thrown on. */
export function resultText(error: unknown): string {
  if (error instanceof CorosyncError) return `CS_ERR_${error.code}`;
  throw error;
}

/** Number (cs_error_t) of an error of corosync's clients. Other errors are thrown on. */
export function resultNumber(error: unknown): number {
  if (error instanceof CorosyncError) return csResult[error.code];
  throw error;
}
