import { expect, test } from '@jest/globals';
import { ConcurrencyLimiter } from './concurrency-limiter.ts';

test('runs tasks in order up to the limit, and frees a permit when a task succeeds or fails', async () => {
  const limiter = new ConcurrencyLimiter(2);
  const started: number[] = [];
  const results = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
  const runs = results.map(({ promise }, index) =>
    limiter.run(() => {
      started.push(index);
      return promise;
    }),
  );
  expect(started).toEqual([0, 1]);
  expect(limiter.waiting).toBe(3);
  results[1]?.reject(new Error('fails'));
  await expect(runs[1]).rejects.toThrow('fails');
  expect(started).toEqual([0, 1, 2]);
  results[0]?.resolve(0);
  expect(await runs[0]).toBe(0);
  expect(started).toEqual([0, 1, 2, 3]);
  for (const [index, { resolve }] of results.entries()) resolve(index);
  expect(await Promise.all(runs.slice(2))).toEqual([2, 3, 4]);
});

test('alternates between new and started tasks, and gives all permits to one queue while the other is empty', async () => {
  const limiter = new ConcurrencyLimiter(1);
  const done: string[] = [];
  const step = (name: string, queue: 'new' | 'started') => limiter.run(async () => void done.push(name), queue);
  const newTasks = ['a', 'b', 'c', 'd'].map((name) => step(`${name} starts`, 'new'));
  const startedTasks = ['a', 'b'].map((name) => step(`${name} ends`, 'started'));
  await Promise.all([...newTasks, ...startedTasks]);
  expect(done).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'd starts']);
});
