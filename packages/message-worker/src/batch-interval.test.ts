import { expect, test } from '@jest/globals';
import { BatchInterval } from './batch-interval.ts';

const newInterval = () => new BatchInterval({ shortestMs: 4, longestMs: 12, msPerMessage: 0.1 });

test('the first batch and a batch after an idle time do not wait', () => {
  const interval = newInterval();
  expect(interval.collectMs(1_000)).toBe(0);
  interval.started(1, 1_000);
  expect(interval.collectMs(1_010)).toBe(0);
});

test('the next batch waits longer after a larger one, up to the longest interval', () => {
  const interval = newInterval();
  interval.started(1, 1_000);
  expect(interval.collectMs(1_001)).toBeCloseTo(3.1);
  interval.started(30, 1_010);
  expect(interval.collectMs(1_010)).toBeCloseTo(7);
  interval.started(500, 1_020);
  expect(interval.collectMs(1_020)).toBe(12);
});

test('an empty batch starts no interval', () => {
  const interval = newInterval();
  interval.started(0, 1_030);
  expect(interval.collectMs(1_032)).toBe(0);
});
