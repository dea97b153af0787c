import { expect, test } from '@jest/globals';
import { BatchWindow } from './batch-window.ts';

test('waits for nothing while messages come one by one, longer and longer under load, and soon not at all after it', () => {
  const window = new BatchWindow();
  for (const size of [1, 0, 3, 1]) window.sawBatch(size);
  expect(window.ms).toBe(0);
  const grown = Array.from({ length: 10 }, () => {
    window.sawBatch(50);
    return window.ms;
  });
  expect(grown).toEqual([...grown].sort((a, b) => a - b));
  expect(grown.at(-1)).toBeLessThanOrEqual(20);
  for (let small = 0; small < 5; small += 1) window.sawBatch(1);
  expect(window.ms).toBe(0);
});
