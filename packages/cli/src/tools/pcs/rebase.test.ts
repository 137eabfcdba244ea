import { parseXml, printCompact } from '@sanode/xml';
import { describe, expect, it } from 'vitest';
import { rebase } from './rebase.ts';

const cib = (epoch: number, resources: string, nodes = '') =>
  parseXml(
    `<cib admin_epoch="0" epoch="${epoch}" num_updates="3"><configuration><resources>${resources}</resources>` +
      `<nodes>${nodes}</nodes></configuration><status/></cib>`,
  );
const a = '<primitive id="a" class="ocf"/>';
const b = '<primitive id="b" class="ocf"/>';
const node = '<node id="1" uname="lb1"/>';

describe('a change made on an older document', () => {
  it('keeps what others changed meanwhile', () => {
    const rebased = rebase(cib(5, a), cib(5, a + b), cib(7, a, node));
    expect(printCompact(rebased as NonNullable<typeof rebased>)).toBe(printCompact(cib(7, a + b, node)));
  });

  it('is the same where nothing was changed', () => {
    const rebased = rebase(cib(5, a), cib(5, b), cib(5, a));
    expect(printCompact(rebased as NonNullable<typeof rebased>)).toBe(printCompact(cib(5, b)));
  });

  it('does not fit when what it changes is gone', () => {
    const changed = a.replace('ocf', 'lsb');
    expect(rebase(cib(5, a), cib(5, changed), cib(6, b))).toBeUndefined();
  });
});
