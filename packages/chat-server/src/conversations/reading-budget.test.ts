import { expect, test } from '@jest/globals';
import { ReadingBudget } from './reading-budget.ts';

test('each user builds at most two replies at a time, and does not delay others', async () => {
  const budget = new ReadingBudget();
  const { promise, resolve } = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  const build = async () => {
    running += 1;
    most = Math.max(most, running);
    await promise;
    running -= 1;
  };
  const replies = Array.from({ length: 32 }, () => budget.buildReply('busy', build));
  expect(await budget.buildReply('quiet', async () => 'a reply')).toBe('a reply');
  expect(running).toBe(2);
  resolve();
  await Promise.all(replies);
  expect(most).toBe(2);
});
