import { describe, expect, it } from 'vitest';
import type { RingNode } from './src/ring-node.ts';
import { CONSENSUS_MS, Scene, TOKEN_MS } from './src/scene.ts';

/** Rings that a node was in, as lists of members. */
function ringsOf(node: RingNode): string[] {
  return node.changes.filter(({ type }) => type === 'regular').map(({ members }) => members.join(' '));
}

const pauses = [
  ['half of the token timeout more than that', 1.5 * TOKEN_MS],
  ['until the others have formed a ring without it', TOKEN_MS + CONSENSUS_MS + 500],
  ['20 s', 20_000],
] as const;

describe('a node that was not run', () => {
  it.each(pauses)('for %s knows it, accuses nobody and is back at once', (_what, pauseMs) => {
    const scene = new Scene(3);
    scene.startAll();
    const before = ringsOf(scene.node(1)).length;
    scene.node(1).process?.pause(pauseMs);
    scene.pass(pauseMs);
    const backMs = scene.until(() => scene.nodes.every(({ id }) => scene.ring(id).endsWith('operational [1,2,3]')));
    expect(backMs).toBeLessThan(TOKEN_MS + CONSENSUS_MS);
    expect(scene.accusedBy(1)).toEqual([]);
    expect(new Set(ringsOf(scene.node(1)).slice(before))).toEqual(new Set(['1 2 3']));
    const { pauses: counted, suspects } = scene.node(1).group?.stats() ?? {};
    expect(counted?.['count']).toBe(1);
    expect(Math.abs((counted?.['last_ms'] ?? 0) - pauseMs)).toBeLessThan(TOKEN_MS / 2);
    expect(suspects).toEqual({});
    expect(scene.logged(1, 'This process was not run for')).toHaveLength(1);
    expect(scene.logged(1, 'A processor failed')).toEqual([]);
    expect(scene.logged(2, 'was not run')).toEqual([]);
  });

  it('while it gathered does not take the silence of that time for the death of the others', () => {
    const scene = new Scene(3);
    scene.startAll();
    const before = ringsOf(scene.node(1)).length;
    scene.node(3).crash('power cut');
    scene.until(() => scene.ring(1).includes('gather'));
    // The answers of node 2 come while node 1 sleeps beyond its consensus timeout, and are thrown away with the rest.
    scene.node(1).process?.pause(CONSENSUS_MS + 800);
    scene.until(() => scene.ring(1).endsWith('operational [1,2]') && scene.ring(2).endsWith('operational [1,2]'));
    expect(scene.accusedBy(1).filter((id) => id !== 3)).toEqual([]);
    expect(ringsOf(scene.node(1)).slice(before)).not.toContain('1');
  });
});
