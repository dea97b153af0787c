import { describe, expect, test } from '@jest/globals';
import { describeMeasurements, isWithinBound, percentile } from '../src/experiments/measurement.ts';

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  test.each([
    [0.5, 50],
    [0.99, 99],
    [0.991, 100],
    [1, 100],
  ])('%d: this share of the values is at most %d', (share, value) => {
    expect(percentile(hundred, share)).toBe(value);
  });

  test('of one value is that value, of no value is NaN', () => {
    expect(percentile([7], 0.01)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  test('orders values as numbers, with infinity last', () => {
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
  ])('%d against %o', (value, bound, isWithin) => {
    expect(isWithinBound({ ...figure, value, bound })).toBe(isWithin);
  });

  test('is violated by an empty measurement', () => {
    expect(isWithinBound({ ...figure, value: Number.NaN, bound: { atMost: 1 } })).toBe(false);
    expect(isWithinBound({ ...figure, value: Number.NaN, bound: { atLeast: 1 } })).toBe(false);
  });

  test('is optional', () => {
    expect(isWithinBound({ ...figure, value: Number.NaN })).toBe(true);
  });
});

test('the table shows each bound, and details of values out of bounds only', () => {
  expect(
    describeMeasurements([
      { name: 'restarts', value: 9, unit: '' },
      { name: 'out, p99', value: 312.456, unit: 'ms', bound: { atMost: 2_000 }, details: ['not printed'] },
      { name: 'reconnected', value: 8, unit: '', bound: { atLeast: 10 }, details: ['listener-3', 'listener-7'] },
    ]),
  ).toEqual([
    '  restarts             9',
    '  out, p99        312.46 ms   ≤ 2000',
    '  reconnected          8      ≥ 10  OUT OF BOUNDS',
    '    listener-3',
    '    listener-7',
  ]);
});
