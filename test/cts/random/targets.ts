import { type Model, on, type Target } from './model.ts';

/** Something that a constraint may name: mostly a top-level resource, at times a part, template or tag. */
export function randomTarget(model: Model): Target {
  const { dice } = model;
  const plain = (id: string) => ({ id, promotable: false, clone: false });
  if (model.tags.length > 0 && dice.hits(0.2)) return plain(dice.pick(model.tags));
  if (model.templates.length > 0 && dice.hits(0.15)) return plain(dice.pick(model.templates));
  if (model.inner.length > 0 && on(model, 'inner', 0.25)) return dice.pick(model.inner);
  return dice.pick(model.tops);
}
