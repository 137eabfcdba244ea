import { attr, type Element, withAttributes } from '@sanode/xml';
import { mapNamed } from '../tree.ts';
import { upgradeProperties } from './properties.ts';
import { fold, unfold } from './references.ts';
import { upgradeResources } from './resources.ts';
import { messagesOf } from './tell.ts';

export { DanglingReference } from './references.ts';

type Tell = (message: string) => void;

/**
 * pacemaker-2.10 to 3.0 (cib-schema.md 9.2).
 * @param tell gets messages
 * @throws {DanglingReference}
 */
export function toThree(cib: Element, tell: Tell): Element {
  return fold(toThreeFolded(unfold(cib), tell), tell);
}

/** As {@link toThree}, references left as they are. */
export function toThreeFolded(cib: Element, tell: Tell): Element {
  const changed = mapNamed(cib, ['configuration'], (configuration) => {
    const properties = upgradeProperties(configuration, tell);
    const nodes = upgradeNodes(properties, tell);
    return [upgradeColocations(upgradeResources(nodes, tell), tell)];
  });
  return withAttributes(changed, { 'validate-with': 'pacemaker-3.0' });
}

function upgradeNodes(configuration: Element, tell: Tell): Element {
  return mapNamed(configuration, ['nodes'], (nodes) => [
    mapNamed(nodes, ['node'], (node) => {
      if (attr(node, 'type') !== 'normal') return [node];
      const context = `${attr(node, 'uname')} (id=${attr(node, 'id')})`;
      const fate = { name: 'type', value: 'member', matching: 'normal' };
      for (const message of messagesOf('Cluster node', context, 'type', fate)) tell(message);
      return [withAttributes(node, { type: 'member' })];
    }),
  ]);
}

function upgradeColocations(configuration: Element, tell: Tell): Element {
  return mapNamed(configuration, ['constraints'], (constraints) => [
    mapNamed(constraints, ['rsc_colocation'], (constraint) => {
      let result = constraint;
      for (const name of ['score-attribute', 'score-attribute-mangle']) {
        if (!constraint.attributes.has(name)) continue;
        const fate = { extra: 'was actually never in effect' };
        for (const message of messagesOf('Constraints-colocation', attr(constraint, 'id') ?? '', name, fate)) {
          tell(message);
        }
        result = withAttributes(result, { [name]: null });
      }
      return [result];
    }),
  ]);
}
