import { describe, expect, it } from 'vitest';
import { chooseLab } from './src/which-lab.ts';

describe('which lab npm run lab drives', () => {
  it.each([
    { running: ['b', 'tutorial', 'a'], asked: 'a', chosen: 'a' },
    { running: ['b', 'tutorial', 'a'], asked: undefined, chosen: 'tutorial' },
    { running: ['b', 'tutorial', 'a'], asked: '', chosen: 'tutorial' },
    { running: ['b'], asked: undefined, chosen: 'b' },
  ])('takes $chosen of $running when $asked is asked for', ({ running, asked, chosen }) => {
    expect(chooseLab(running, asked)).toBe(chosen);
  });

  it.each([
    { running: [], asked: undefined, says: 'no lab is running; start it with: npm start' },
    { running: ['b', 'a'], asked: undefined, says: 'several labs are running: a, b; set SANODE_LAB' },
    { running: ['b', 'a'], asked: 'c', says: 'no lab c is running (SANODE_LAB); there are: a, b' },
    { running: [], asked: 'c', says: 'no lab c is running (SANODE_LAB); none is' },
  ])('refuses with the names: $says', ({ running, asked, says }) => {
    expect(() => chooseLab(running, asked)).toThrow(says);
  });
});
