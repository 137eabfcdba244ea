import type { DataType } from './types.ts';

/** How often a child may occur. */
export type Occurs = '1' | '?' | '*' | '+';

type Types = Readonly<Record<string, DataType>>;

/** Attributes that belong together. */
export interface Attributes {
  readonly required?: Types;
  readonly optional?: Types;
}

/** One of several children, so and so often. */
export interface Particle {
  readonly children: Readonly<Record<string, ElementRule>>;
  readonly occurs: Occurs;
}

/** Children of an element: particles in any order, intermixed, or one after the other. No name is in two of them. */
export interface Content {
  readonly order: 'any' | 'sequence';
  readonly particles: readonly Particle[];
}

/** One way an element may look. Of each of the `choices` exactly one alternative holds. */
export interface Form extends Attributes {
  readonly choices?: readonly (readonly Attributes[])[];
  readonly content?: Content;
}

/** What an element may look like: as one of its forms. `anything`: it is not looked into. */
export interface ElementRule {
  readonly forms: readonly Form[];
  readonly anything?: boolean;
}

/** A form with its choices made. */
export interface Variant {
  readonly required: Types;
  readonly optional: Types;
  readonly content: Content | undefined;
}

export function rule(...forms: Form[]): ElementRule {
  return { forms };
}

export function particle(occurs: Occurs, children: Readonly<Record<string, ElementRule>>): Particle {
  return { occurs, children };
}

/** Particles in any order. */
export function anyOrder(...particles: readonly Particle[]): Content {
  return { order: 'any', particles };
}

/** Particles one after the other. */
export function inOrder(...particles: readonly Particle[]): Content {
  return { order: 'sequence', particles };
}

/** A particle for each name, all with the same number of occurrences. */
export function each(occurs: Occurs, children: Readonly<Record<string, ElementRule>>): Particle[] {
  return Object.entries(children).map(([name, child]) => particle(occurs, { [name]: child }));
}

/** Attributes that only some versions have. */
export function since(holds: boolean, value: Types): Types {
  return holds ? value : {};
}

const expanded = new WeakMap<ElementRule, Variant[]>();

/** All forms of a rule with every combination of their choices. */
export function variantsOf(of: ElementRule): readonly Variant[] {
  const known = expanded.get(of);
  if (known !== undefined) return known;
  const made = of.forms.flatMap((form) => {
    let variants: Variant[] = [{ required: form.required ?? {}, optional: form.optional ?? {}, content: form.content }];
    for (const choice of form.choices ?? []) {
      variants = variants.flatMap((variant) =>
        choice.map((alternative) => ({
          required: { ...variant.required, ...alternative.required },
          optional: { ...variant.optional, ...alternative.optional },
          content: variant.content,
        })),
      );
    }
    return variants;
  });
  expanded.set(of, made);
  return made;
}
