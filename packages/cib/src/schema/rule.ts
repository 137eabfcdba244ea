import type { Element } from '@sanode/xml';
import type { AttributeType } from './types.ts';

/** How often a child may occur. */
export type Occurs = '1' | '?' | '*' | '+';

/** What one element may look like. */
export interface Rule {
  readonly required?: Readonly<Record<string, AttributeType>>;
  readonly optional?: Readonly<Record<string, AttributeType>>;
  readonly children?: Readonly<Record<string, { readonly occurs: Occurs; readonly rule: RuleChoice }>>;
  /** Names of children in the order they must have; absent: any order. */
  readonly order?: readonly string[];
  /** What attributes and children have to do with each other; a sentence when it is wrong. */
  readonly check?: (node: Element) => string | undefined;
}

/** The rule of an element, or the one that an element's own attributes and children select. */
export type RuleChoice = Rule | ((node: Element) => Rule);

export function child(occurs: Occurs, rule: RuleChoice): { occurs: Occurs; rule: RuleChoice } {
  return { occurs, rule };
}

/** Number of alternatives that are there. */
export function countOf(...present: readonly boolean[]): number {
  return present.filter(Boolean).length;
}
