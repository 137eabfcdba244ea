import { describe, expect, it } from 'vitest';
import { compareDottedVersions, decideRelease, ReleaseError } from './release.ts';

describe('the release announced', () => {
  it.each([
    [undefined, undefined, '3.0'],
    ['auto', undefined, '3.0'],
    ['', '3.16.1', '2.1'],
    ['auto', '3.0.14', '2.1'],
    ['auto', '3.17.4', '3.0'],
    ['auto', '3.20.5', '3.0'],
    ['2.1', '3.20.5', '2.1'],
    ['3.0', '3.16.1', '3.0'],
  ])('with the setting %s and a CIB of feature set %s is %s', (configured, found, name) => {
    expect(decideRelease(configured, () => found).name).toBe(name);
  });

  it('refuses another setting', () => {
    expect(() => decideRelease('2.0', () => undefined)).toThrow(ReleaseError);
  });

  it('compares versions number by number', () => {
    expect(compareDottedVersions('3.9', '3.10')).toBe(-1);
    expect(compareDottedVersions('3.16.1', '3.16.1')).toBe(0);
    expect(compareDottedVersions('3.16', '3.16.0')).toBe(0);
    expect(compareDottedVersions('4', '3.20.5')).toBe(1);
  });
});
