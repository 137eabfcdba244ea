import { type Element, element } from '@sanode/xml';
import { randomConstraints, randomTags } from './constraints.ts';
import { Dice } from './dice.ts';
import { randomTopology } from './fencing.ts';
import { executionDate, type Model, topics } from './model.ts';
import { randomDefaults, randomOptions } from './options.ts';
import { randomResources } from './resources.ts';
import { randomNode, randomState, randomTickets, remoteNodeEntries, remoteStates } from './states.ts';

/** A random cluster that the schema accepts, with states, histories and constraints of many kinds. */
export function randomCib(seed: number): Element {
  const dice = new Dice(seed);
  const model = randomModel(dice);
  const resources = randomResources(model);
  const tags = randomTags(model);
  const nodes = model.nodes.map((name, at) => randomNode(model, name, at));
  const states = model.nodes.map((name, at) => randomState(model, name, at));
  return element(
    'cib',
    {
      crm_feature_set: '3.19.7',
      'validate-with': dice.pick(['pacemaker-3.10', 'pacemaker-4.0']),
      epoch: 1,
      num_updates: 0,
      admin_epoch: 0,
      'have-quorum': dice.hits(0.9) ? 1 : 0,
      'no-quorum-panic': dice.maybe(0.03, '1'),
      'dc-uuid': dice.pick(['1', '1', '2']),
      'execution-date': executionDate,
    },
    [
      element('configuration', {}, [
        randomOptions(model),
        element('nodes', {}, [...nodes, ...remoteNodeEntries(model)]),
        element('resources', {}, resources),
        element('constraints', {}, randomConstraints(model)),
        tags,
        randomTopology(model),
        ...randomDefaults(model),
      ]),
      element('status', {}, [
        randomTickets(model),
        ...(dice.hits(0.2) ? dice.shuffled(states) : states),
        ...remoteStates(model),
      ]),
    ],
  );
}

function randomModel(dice: Dice): Model {
  const names = dice.hits(0.15) ? ['n10', 'N2', 'n07', 'n7'] : ['node1', 'node2', 'node3', 'node4'];
  const share = dice.pick([0.1, 0.25, 0.5]);
  return {
    dice,
    topics: new Set(topics.filter(() => dice.hits(share))),
    nodes: names.slice(0, 1 + dice.below(4)),
    remotes: [],
    guests: [],
    tops: [],
    inner: [],
    templates: [],
    tags: [],
    leaves: [],
  };
}
