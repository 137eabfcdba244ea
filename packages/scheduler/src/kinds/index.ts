import type { Kind } from '../model/kind.ts';
import type { Variant } from '../model/resource.ts';
import { bundle } from './bundle.ts';
import { clone } from './clone.ts';
import { group } from './group.ts';
import { primitive } from './primitive.ts';
import { promotable } from './promotable.ts';

/** Behaviour of a resource by its variant. */
export function kindOf(variant: Variant, isPromotable: boolean): Kind {
  switch (variant) {
    case 'primitive':
      return primitive;
    case 'group':
      return group;
    case 'clone':
      return isPromotable ? promotable : clone;
    case 'bundle':
      return bundle;
  }
}
