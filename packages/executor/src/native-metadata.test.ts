import { readFileSync } from 'node:fs';
import { metadataElement } from '@sanode/ocf';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { attr, childElements, type Element, firstChild, parseXml, textContent } from '@sanode/xml';
import { describe, expect, it } from 'vitest';
import { loadNativeAgent, nativeAgentNames } from './native-agents.ts';

/** What a cluster and its tools read in meta-data; the texts for people are our own. */
function meaning(root: Element): unknown {
  const parameters = childElements(firstChild(root, 'parameters') ?? root, 'parameter').map((parameter) => {
    const content = firstChild(parameter, 'content');
    return {
      name: attr(parameter, 'name'),
      required: attr(parameter, 'required') ?? '0',
      unique: attr(parameter, 'unique') ?? '0',
      group: attr(parameter, 'unique-group'),
      reloadable: attr(parameter, 'reloadable') ?? '0',
      type: content && attr(content, 'type'),
      default: content && attr(content, 'default'),
    };
  });
  const actions = childElements(firstChild(root, 'actions') ?? root, 'action').map((action) =>
    ['name', 'timeout', 'interval', 'depth', 'role'].map((name) => attr(action, name)),
  );
  const version = textContent(firstChild(root, 'version') ?? root);
  return { name: attr(root, 'name'), agent: attr(root, 'version'), version, parameters, actions };
}

describe.skipIf(!haveShared())("meta-data means the same as the reference's", () => {
  it.each(nativeAgentNames)('%s', async (name) => {
    const [provider = '', type = ''] = name.split(':');
    const agent = await loadNativeAgent(provider, type);
    if (agent === undefined) throw new Error(`${name} can't be loaded`);
    const file = sharedPath('vectors', 'ocf', 'metadata', provider, `${type}.xml`);
    // The declaration of the old DTD is of no interest here.
    const reference = parseXml(readFileSync(file, 'utf8').replace(/<!DOCTYPE[^>]*>/, ''));
    expect(meaning(metadataElement(agent))).toEqual(meaning(reference));
  });
});
