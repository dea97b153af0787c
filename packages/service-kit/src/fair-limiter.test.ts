import { expect, test } from '@jest/globals';
import { FairLimiter, LimitExceeded } from './fair-limiter.ts';

const OPTIONS = {
  limit: 2,
  limitPerKey: 2,
  maxWaiting: 100,
  maxWaitingPerKey: 100,
  maxWaitMs: 60_000,
  retryAfterMs: 500,
};

/** Starts tasks that end on demand, and records in which order they start. */
function newTasks(options: Partial<typeof OPTIONS> = {}) {
  const limiter = new FairLimiter({ ...OPTIONS, ...options });
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const outcomes = new Map<string, string>();
  return {
    limiter,
    started,
    outcomes,
    add(key: string, name: string, cost = 1) {
      const task = () => {
        started.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      };
      const record = (outcome: string) => void outcomes.set(name, outcome);
      void limiter.run(key, task, cost).then(
        () => undefined,
        (error: unknown) => record(error instanceof LimitExceeded ? error.reason : String(error)),
      );
    },
    async end(name: string) {
      ends.get(name)?.();
      await turn();
    },
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('keys take turns, whatever the length of their queues', async () => {
  const tasks = newTasks({ limit: 1 });
  for (let index = 0; index < 50; index += 1) tasks.add('greedy', `greedy ${index}`);
  tasks.add('ada', 'ada 0');
  tasks.add('bo', 'bo 0');
  tasks.add('ada', 'ada 1');
  await tasks.end('greedy 0');
  await tasks.end('greedy 1');
  await tasks.end('ada 0');
  await tasks.end('bo 0');
  await tasks.end('greedy 2');
  expect(tasks.started).toEqual(['greedy 0', 'greedy 1', 'ada 0', 'bo 0', 'greedy 2', 'ada 1']);
});

test('a key at its own limit leaves the rest to others', async () => {
  const tasks = newTasks({ limit: 3, limitPerKey: 1 });
  for (let index = 0; index < 5; index += 1) tasks.add('greedy', `greedy ${index}`);
  tasks.add('ada', 'ada');
  tasks.add('bo', 'bo');
  tasks.add('eve', 'eve');
  await turn();
  expect(tasks.started).toEqual(['greedy 0', 'ada', 'bo']);
  await tasks.end('ada');
  expect(tasks.started).toEqual(['greedy 0', 'ada', 'bo', 'eve']);
});

test('the costs of running tasks stay within the limits, and a task above the limit of a key runs alone', async () => {
  const tasks = newTasks({ limit: 10, limitPerKey: 6 });
  tasks.add('ada', 'ada 4', 4);
  tasks.add('ada', 'ada 3', 3);
  tasks.add('bo', 'bo 99', 99);
  tasks.add('eve', 'eve 1', 1);
  await turn();
  expect(tasks.started).toEqual(['ada 4', 'bo 99']);
  await tasks.end('bo 99');
  expect(tasks.started).toEqual(['ada 4', 'bo 99', 'eve 1']);
  await tasks.end('ada 4');
  expect(tasks.started).toEqual(['ada 4', 'bo 99', 'eve 1', 'ada 3']);
});

test('a key has a share of the queue, and a full queue takes from the key with most tasks', async () => {
  const tasks = newTasks({ limit: 1, maxWaiting: 4, maxWaitingPerKey: 3 });
  tasks.add('first', 'running');
  for (const name of ['g1', 'g2', 'g3', 'g4']) tasks.add('greedy', name);
  tasks.add('ada', 'a1');
  tasks.add('bo', 'b1');
  tasks.add('eve', 'e1');
  tasks.add('fay', 'f1');
  await turn();
  expect(Object.fromEntries(tasks.outcomes)).toEqual({ g4: 'share', g3: 'share', g2: 'share', f1: 'full' });
  expect(tasks.limiter.waiting).toBe(4);
  for (const name of ['running', 'g1', 'a1', 'b1', 'e1']) await tasks.end(name);
  expect(tasks.started).toEqual(['running', 'g1', 'a1', 'b1', 'e1']);
  expect(tasks.limiter.waiting).toBe(0);
});

test('a task that waits too long is refused with a time, and never runs', async () => {
  const limiter = new FairLimiter({ ...OPTIONS, limit: 1, maxWaitMs: 20 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const running = limiter.run('ada', () => promise);
  let hasRun = false;
  const late = limiter.run('bo', async () => {
    hasRun = true;
  });
  await expect(late).rejects.toMatchObject({ name: 'LimitExceeded', reason: 'late', retryAfterMs: 500 });
  resolve();
  await running;
  expect(hasRun).toBe(false);
  expect(limiter.waiting).toBe(0);
  expect(await limiter.run('bo', async () => 'runs again')).toBe('runs again');
});

test('a task that fails frees its place', async () => {
  const limiter = new FairLimiter({ ...OPTIONS, limit: 1 });
  await expect(limiter.run('ada', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await limiter.run('ada', async () => 1)).toBe(1);
});
