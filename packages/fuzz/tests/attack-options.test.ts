import { expect, test } from '@jest/globals';
import { readOptions } from '../src/known-attacks/options.ts';

test('all attacks run for 8 s with the local defaults, unless others are chosen', () => {
  const all = readOptions([]);
  expect(all).toMatchObject({ defaults: 'local', seconds: 8, checkout: undefined, jsonFile: undefined });
  expect(new Set(all?.attacks.map(({ name }) => name)).size).toBe(15);
  const some = readOptions(['--only', 'typing,connects', '--defaults', 'production', '--seconds', '10']);
  expect(some).toMatchObject({ defaults: 'production', seconds: 10 });
  expect(some?.attacks.map(({ name }) => name)).toEqual(['typing', 'connects']);
  expect(readOptions(['--help'])).toBeUndefined();
});

test.each([
  [['--only', 'typing,dancing'], '--only has "dancing"; allowed: connects, '],
  [['--defaults', 'none'], '--defaults is "none"; allowed: local or production'],
  [['--seconds', '1'], '--seconds is "1"; allowed: a whole number from 2 to 60'],
  [['typing'], 'unexpected "typing"; allowed: options only'],
])('%j is refused', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
