import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ConfError, parseConfTree, parseCorosyncConf, printConfTree } from './index.ts';

const seed = 20_261_124;
const good = `totem {
    version: 2
    cluster_name: ha_cluster
    transport: udpu
    token: 1000
    interface {
        linknumber: 0
        mcastport: 5405
    }
}
nodelist {
    node {
        ring0_addr: lb1
        nodeid: 1
    }
}
logging {
    logger_subsys {
        subsys: QUORUM
        debug: on
    }
}
`;
const system = { userId: () => undefined, groupId: () => undefined };
const piece = fc.constantFrom(
  '{',
  '}',
  ':',
  '\n',
  '\0',
  '#',
  ' ',
  '\t',
  '-1',
  '4294967296',
  '9'.repeat(400),
  'x'.repeat(5000),
  '..',
  '\u00e9',
  '__proto__: 1\n',
  'totem {\n',
  'node {\n',
);
const change = fc.tuple(fc.nat(good.length), fc.nat(12), fc.oneof(piece, fc.string({ maxLength: 8 })));

/** What it threw; undefined: nothing. */
function thrownBy(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}

it(`a mutated corosync.conf is read or refused in words (seed ${seed})`, () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      let text = good;
      for (const [at, cut, insert] of changes) text = text.slice(0, at) + insert + text.slice(at + cut);
      for (const parse of [() => parseCorosyncConf(text, 'f', system), () => parseConfTree(text, 'f')]) {
        const error = thrownBy(parse);
        if (error === undefined) continue;
        refused += 1;
        expect(error).toBeInstanceOf(ConfError);
        expect((error as Error).message).not.toBe('');
      }
      if (thrownBy(() => parseConfTree(text, 'f')) !== undefined) return;
      // What pcs writes back reads as what it read.
      let printed = '';
      const unprintable = thrownBy(() => {
        printed = printConfTree(parseConfTree(text, 'f'));
      });
      if (unprintable !== undefined) {
        expect(unprintable).toBeInstanceOf(ConfError);
        return;
      }
      expect(printConfTree(parseConfTree(printed, 'f'))).toBe(printed);
    }),
    { seed, numRuns: 3000, interruptAfterTimeLimit: 4000 },
  );
  expect(refused).toBeGreaterThan(100);
});

it('a deep nest is refused, not overflowed', () => {
  const deep = 'a {\n'.repeat(200_000);
  for (const parse of [() => parseCorosyncConf(deep, 'f', system), () => parseConfTree(deep, 'f')]) {
    expect(thrownBy(parse)).toBeInstanceOf(ConfError);
  }
});
