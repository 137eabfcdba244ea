import { readFileSync } from 'node:fs';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { attr, type Element, element, parseXml, printCompact, printPretty, sameElement } from '@sanode/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyPatchset } from './apply.ts';
import { createPatchset } from './create.ts';

interface Case {
  case: string;
  old: string;
  new: string;
  patchset: string;
  result_of_applying: string;
}

describe.skipIf(!haveShared())('the reference patchsets', () => {
  const file = sharedPath('vectors', 'pacemaker', 'patchsets.json');
  const { cases } = haveShared() ? (JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] }) : { cases: [] };

  it.each(cases)('$case: made the same, applied with the same result', (entry) => {
    const before = parseXml(entry.old);
    const after = parseXml(entry.new);
    expect(printPretty(createPatchset(before, after)).trim()).toBe(entry.patchset.trim());
    const applied = applyPatchset(before, parseXml(entry.patchset));
    expect(applied.rc).toBe(0);
    expect(printPretty(applied.cib as Element).trim()).toBe(entry.result_of_applying.trim());
  });
});

const attributes = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', "it's", '<&>'), {
  maxKeys: 3,
});

function tree(depth: number): fc.Arbitrary<Element> {
  const children = depth === 0 ? fc.constant([]) : fc.uniqueArray(tree(depth - 1), { maxLength: 5, selector: keyOf });
  return fc
    .tuple(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2', '3', '4', '5'), attributes, children)
    .map(([name, id, others, below]) => element(name, { id, ...others }, below));
}

function keyOf(node: Element): string {
  return `${node.name} ${attr(node, 'id')}`;
}

function cib(version: number, content: Element[]): Element {
  return element('cib', { admin_epoch: 0, epoch: version, num_updates: 0 }, content);
}

const content = fc.uniqueArray(tree(2), { maxLength: 6, selector: keyOf });

describe('patchsets', () => {
  it('bring any document to any other', () => {
    fc.assert(
      fc.property(content, content, (old, now) => {
        const before = cib(1, old);
        const after = cib(2, now);
        const applied = applyPatchset(before, parseXml(printCompact(createPatchset(before, after))));
        expect(applied.rc).toBe(0);
        expect(sameElement(applied.cib as Element, after, { attributeOrder: false })).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('are refused when the document is older, newer, or the target is no progress', () => {
    const diff = createPatchset(cib(5, []), cib(6, []));
    expect(applyPatchset(cib(4, []), diff).rc).toBe(-207);
    expect(applyPatchset(cib(6, []), diff).rc).toBe(-205);
    expect(applyPatchset(cib(6, []), createPatchset(cib(6, []), cib(6, []))).rc).toBe(-205);
  });

  it('are refused when what they change is not there, or a digest does not fit', () => {
    const before = cib(1, [element('x', { id: 1 })]);
    const after = cib(2, [element('x', { id: 1, a: 1 })]);
    expect(applyPatchset(cib(1, []), createPatchset(before, after)).rc).toBe(-206);
    const wrong = createPatchset(before, after, { digest: '0'.repeat(32) });
    expect(applyPatchset(before, wrong).rc).toBe(-206);
  });

  it('never throw on damaged input', () => {
    const text = printCompact(
      createPatchset(
        cib(1, [element('x', { id: 1 })]),
        cib(2, [element('y', { id: 2 }), element('x', { id: 1, a: 1 })]),
      ),
    );
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('x', '0', '9', "'", ''), (at, replacement) => {
        let diff: Element;
        try {
          diff = parseXml(text.slice(0, at) + replacement + text.slice(at + 1));
        } catch {
          return;
        }
        applyPatchset(cib(1, [element('x', { id: 1 })]), diff);
      }),
      { numRuns: 500 },
    );
  });
});
