import { expect, it } from 'vitest';
import { replay } from './index.ts';

it('numbers the lines of the flight data', () => {
  expect(replay('Nov 28 15:39:10.146 notice  [MAIN  ] up\nNov 28 15:39:11.000 debug   [TOTEM ] token\n')).toBe(
    'Starting replay: head [83] tail [0]\n' +
      'rec=[1] Log Message=Nov 28 15:39:10.146 notice  [MAIN  ] up\n' +
      'rec=[2] Log Message=Nov 28 15:39:11.000 debug   [TOTEM ] token\n' +
      'Finishing replay: records found [2]\n',
  );
});
