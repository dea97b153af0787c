import { describe, expect, test } from '@jest/globals';
import { describeMeasurements, isWithinBound, percentile } from '../src/experiments/measurement.ts';

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  test.each([
    [0.5, 50],
    [0.99, 99],
    [0.991, 100],
    [1, 100],
  ])('%d of the values are at most its value', (share, value) => {
    expect(percentile(hundred, share)).toBe(value);
  });

  test('of one value it is that one, of none it is not a number', () => {
    expect(percentile([7], 0.01)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  test('values are ordered as numbers, infinity last', () => {
    expect(percentile([10, 9, Number.POSITIVE_INFINITY, 100], 0.75)).toBe(100);
    expect(percentile([10, Number.POSITIVE_INFINITY], 1)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a bound', () => {
  const figure = { name: 'out, p99', unit: 'ms' } as const;

  test.each([
    [2_000, { atMost: 2_000 }, true],
    [2_000.1, { atMost: 2_000 }, false],
    [10, { atLeast: 10 }, true],
    [9, { atLeast: 10 }, false],
    [Number.POSITIVE_INFINITY, { atMost: 2_000 }, false],
  ])('%d against %o', (value, bound, isKept) => {
    expect(isWithinBound({ ...figure, value, bound })).toBe(isKept);
  });

  test('is broken where nothing could be measured', () => {
    expect(isWithinBound({ ...figure, value: Number.NaN, bound: { atMost: 1 } })).toBe(false);
    expect(isWithinBound({ ...figure, value: Number.NaN, bound: { atLeast: 1 } })).toBe(false);
  });

  test('is left out where a figure has none', () => {
    expect(isWithinBound({ ...figure, value: Number.NaN })).toBe(true);
  });
});

test('the table has each figure beside its bound, and tells what broke one', () => {
  expect(
    describeMeasurements([
      { name: 'restarts', value: 9, unit: '' },
      { name: 'out, p99', value: 312.456, unit: 'ms', bound: { atMost: 2_000 }, details: ['not told'] },
      { name: 'back', value: 8, unit: '', bound: { atLeast: 10 }, details: ['listener-3', 'listener-7'] },
    ]),
  ).toEqual([
    '  restarts          9',
    '  out, p99     312.46 ms   ≤ 2000',
    '  back              8      ≥ 10  BROKEN',
    '    listener-3',
    '    listener-7',
  ]);
});
