import { expect, test } from '@jest/globals';
import { BatchWindow } from './batch-window.ts';

const newWindow = () => new BatchWindow({ shortestMs: 4, longestMs: 12, msPerMessage: 0.1 });

test('the first batch and a batch after an idle time do not wait', () => {
  const window = newWindow();
  expect(window.waitMs(1_000)).toBe(0);
  window.started(1, 1_000);
  expect(window.waitMs(1_010)).toBe(0);
});

test('the next batch waits longer after a larger one, up to the longest window', () => {
  const window = newWindow();
  window.started(1, 1_000);
  expect(window.waitMs(1_001)).toBeCloseTo(3.1);
  window.started(30, 1_010);
  expect(window.waitMs(1_010)).toBeCloseTo(7);
  window.started(500, 1_020);
  expect(window.waitMs(1_020)).toBe(12);
});

test('an empty batch opens no window', () => {
  const window = newWindow();
  window.started(0, 1_030);
  expect(window.waitMs(1_032)).toBe(0);
});
