import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeOperationKey, decodeTransitionKey, encodeTransitionKey, encodeTransitionMagic } from './keys.ts';

const uuid = '9f623452-9509-49f3-9e5f-1889b91d0d70';

test('a transition key survives its way there and back', () => {
  const small = fc.integer({ min: -1, max: 2_000_000_000 });
  fc.assert(
    fc.property(small, small, fc.integer({ min: 0, max: 255 }), (actionId, transitionId, targetRc) => {
      const key = { actionId, transitionId, targetRc, engineUuid: uuid };
      expect(decodeTransitionKey(encodeTransitionKey(key))).toEqual(key);
    }),
  );
});

test('whatever text comes, reading it never throws', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      decodeTransitionKey(text);
      decodeOperationKey(text);
    }),
  );
});

test.each(['', 'a:b:c:d', '1:2:3', `1:2:3:${uuid}:5`, `1:2:3:${uuid}x`, '1:2:3:   ', '99999999999:1:1:x'])(
  '%s is no transition key',
  (text) => {
    expect(decodeTransitionKey(text)).toBeUndefined();
  },
);

test.each([
  ['A_monitor_10000', { resource: 'A', task: 'monitor', intervalMs: 10_000 }],
  ['web_srv_start_0', { resource: 'web_srv', task: 'start', intervalMs: 0 }],
  ['A_migrate_to_0', { resource: 'A', task: 'migrate_to', intervalMs: 0 }],
  ['A_migrate_from_0', { resource: 'A', task: 'migrate_from', intervalMs: 0 }],
  ['A:0_pre_notify_start_0', { resource: 'A:0', task: 'pre_notify', intervalMs: 0 }],
  ['A_post_notify_stop_0', { resource: 'A', task: 'post_notify', intervalMs: 0 }],
])('%s', (text, expected) => {
  expect(decodeOperationKey(text)).toEqual(expected);
});

test('nothing else is an operation key', () => {
  for (const text of ['A', 'A_start', 'start_0', 'A_start_x', '_start_0'])
    expect(decodeOperationKey(text), text).toBeUndefined();
});

test('the magic is status, result and key', () => {
  expect(encodeTransitionMagic(2, 1, '1:2:0:x')).toBe('2:1;1:2:0:x');
});
