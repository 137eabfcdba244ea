import { type Element, element } from '@sanode/xml';
import { allNodes, type Model, on, scores, type Target } from './model.ts';
import { randomRule } from './rules.ts';
import { randomSetConstraint, setsOf } from './sets.ts';
import { randomTarget } from './targets.ts';

export function randomConstraints(model: Model): Element[] {
  const { dice } = model;
  const constraints: Element[] = [];
  const count = dice.below(8);
  for (let at = 0; at < count; at += 1) {
    const id = `k${at}`;
    const roll = dice.next();
    if (roll < 0.12) {
      if (on(model, 'tickets')) constraints.push(randomTicketConstraint(model, id));
    } else if (roll < 0.4) constraints.push(randomLocation(model, id));
    else if (model.tops.length < 2) continue;
    else if (roll < (model.topics.has('sets') ? 0.65 : 0.43)) constraints.push(randomSetConstraint(model, id));
    else if (roll < 0.83) constraints.push(randomColocation(model, id));
    else constraints.push(randomOrder(model, id));
  }
  return constraints;
}

/** Groups of resources under one name. */
export function randomTags(model: Model): Element | undefined {
  const { dice } = model;
  if (!on(model, 'tags')) return undefined;
  const tags = Array.from({ length: 1 + dice.below(2) }, (_, at) => {
    const members = dice.shuffled([...model.tops, ...model.inner].map(({ id }) => id)).slice(0, 1 + dice.below(3));
    return element(
      'tag',
      { id: `tag${at}` },
      members.map((id) => element('obj_ref', { id })),
    );
  });
  for (const tag of tags) model.tags.push(tag.attributes.get('id') as string);
  return element('tags', {}, tags);
}

function twoTargets(model: Model): readonly [Target, Target] {
  const first = randomTarget(model);
  const others = model.tops.filter((each) => each.id !== first.id);
  const second = randomTarget(model);
  return [first, second.id === first.id ? model.dice.pick(others) : second];
}

function randomTicketConstraint(model: Model, id: string): Element {
  const { dice } = model;
  const about = {
    id,
    ticket: dice.pick(['T', 'T', 'U', 'V']),
    'loss-policy': dice.maybe(0.7, 'stop', 'demote', 'fence', 'freeze'),
  };
  if (on(model, 'sets', 0.3)) return element('rsc_ticket', about, setsOf(model, id, 'ticket'));
  const target = randomTarget(model);
  const role = target.promotable ? dice.maybe(0.6, 'Promoted', 'Unpromoted', 'Master') : dice.maybe(0.1, 'Started');
  return element('rsc_ticket', { ...about, rsc: target.id, 'rsc-role': role });
}

function randomLocation(model: Model, id: string): Element {
  const { dice } = model;
  const discovery = on(model, 'discovery') ? dice.maybe(0.5, 'never', 'exclusive', 'always') : undefined;
  const pattern = on(model, 'patterns', 0.5);
  const sets = !pattern && on(model, 'sets', 0.25);
  const target = randomTarget(model);
  const role = target.promotable ? dice.maybe(0.3, 'Promoted', 'Unpromoted', 'Started') : undefined;
  const about: Record<string, string | undefined> = { id, 'resource-discovery': discovery };
  if (pattern)
    about['rsc-pattern'] = dice.pick(['r([0-9])', '^c(.*)$', '.*', '!g', 'm[01]', 'bu', '!.', '(x)|(r)', '[']);
  else if (!sets) Object.assign(about, { rsc: target.id, role });
  const inside = sets ? setsOf(model, id, 'location') : [];
  if (on(model, 'rules', 0.6) || dice.hits(0.15)) {
    return element('rsc_location', about, [
      ...inside,
      randomRule(model, `${id}-rule`, pattern ? 'pattern' : 'location', true),
    ]);
  }
  return element('rsc_location', { ...about, node: dice.pick(allNodes(model)), score: dice.pick(scores) }, inside);
}

function randomColocation(model: Model, id: string): Element {
  const { dice } = model;
  const [dependent, primary] = twoTargets(model);
  const role = (end: Target) => dice.maybe(end.promotable ? 0.5 : 0.02, 'Promoted', 'Unpromoted', 'Started', 'Stopped');
  return element('rsc_colocation', {
    id,
    rsc: dependent.id,
    'with-rsc': primary.id,
    score: dice.hits(0.97) ? dice.pick(scores) : undefined,
    'rsc-role': role(dependent),
    'with-rsc-role': role(primary),
    influence: dice.maybe(0.12, 'true', 'false'),
    'node-attribute': dice.maybe(0.1, 'rack', '#site-name', '#kind', 'preference'),
  });
}

function randomOrder(model: Model, id: string): Element {
  const { dice } = model;
  const [first, then] = twoTargets(model);
  const action = (end: Target) =>
    dice.maybe(0.35, ...(end.promotable ? ['start', 'promote', 'stop', 'demote'] : ['start', 'start', 'stop']));
  const byScore = dice.hits(0.06);
  return element('rsc_order', {
    id,
    first: first.id,
    ...Object.fromEntries([['then', then.id]]),
    'first-action': action(first),
    'then-action': action(then),
    kind: byScore ? undefined : dice.maybe(0.4, 'Mandatory', 'Optional', 'Serialize'),
    score: byScore ? dice.pick(['0', 'INFINITY', '-1']) : undefined,
    symmetrical: dice.maybe(0.2, 'false', 'true'),
    'require-all': dice.maybe(first.clone ? 0.2 : 0.03, 'false'),
  });
}
