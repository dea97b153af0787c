import { expect, test } from '@jest/globals';
import { BatchWindow } from './batch-window.ts';

test('a lone message waits for nothing; batches that follow each other gather, longer where more comes', () => {
  const window = new BatchWindow({ shortestMs: 4, longestMs: 12, msPerMessage: 0.1 });
  expect(window.waitMs(1_000)).toBe(0);
  window.began(1, 1_000);
  expect(window.waitMs(1_001)).toBeCloseTo(3.1);
  expect(window.waitMs(1_010)).toBe(0);
  window.began(30, 1_010);
  expect(window.waitMs(1_010)).toBeCloseTo(7);
  window.began(500, 1_020);
  expect(window.waitMs(1_020)).toBe(12);
  window.began(0, 1_030);
  expect(window.waitMs(1_032)).toBe(0);
});
