import type { Element } from '@sanode/xml';

/** What an operation works on. */
export interface OperationInput {
  readonly operation: string;
  readonly section: string | undefined;
  readonly data: Element | undefined;
  /** Call options (cib.md 3.3). */
  readonly options: number;
  /** A full copy from a peer: its version numbers are kept. */
  readonly fullCopy: boolean;
  /** Version 2 digest that the data must have, as the sender made it. */
  readonly digest: string | undefined;
  /** Feature set of the digest's maker. */
  readonly digestFeatureSet: string | undefined;
}

/** What came of it; `cib` is the document given when nothing changed or `rc` is not 0. */
export interface OperationResult {
  readonly rc: number;
  readonly cib: Element;
  readonly output?: Element;
  /** Counts as a change even if the document looks the same (mixed updates). */
  readonly forceChange?: boolean;
}
