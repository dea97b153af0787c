import { expect, test } from '@jest/globals';
import { readOptions } from '../src/options.ts';

test('a run has 300 s and a random seed by default', () => {
  expect(readOptions([])).toMatchObject({ seconds: 300, seed: expect.any(Number), jsonFile: undefined, keep: false });
  expect(readOptions(['--seconds', '20', '--seed', '7', '--json', 'a.json'])).toMatchObject({
    ...{ seconds: 20, seed: 7, jsonFile: 'a.json' },
  });
  expect(readOptions(['--help'])).toBeUndefined();
});

test.each([
  [['--seconds', '4'], '--seconds is "4"; allowed: a whole number from 5 to 3600'],
  [['--seed', 'x'], '--seed is "x"; allowed: a whole number from 0 to'],
  [['smoke'], 'unexpected "smoke"; allowed: options only'],
  [['--rate', '5'], "Unknown option '--rate'"],
])('%j is refused', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
