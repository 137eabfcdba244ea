import { createPromotableActions } from '../actions/clone.ts';
import type { Kind } from '../model/kind.ts';
import { clone } from './clone.ts';

/** A clone some of whose instances have a higher role. Its placement is in placement/promotable.ts. */
export const promotable: Kind = { ...clone, createActions: createPromotableActions };
