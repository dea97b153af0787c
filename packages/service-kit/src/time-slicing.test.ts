import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { forEachTimeSliced, TimeSlicedQueue } from './time-slicing.ts';

/** Blocks the event loop. */
function block(ms: number): void {
  const endsAt = performance.now() + ms;
  while (performance.now() < endsAt);
}

/** Counts the turns of the event loop until it is stopped. */
function countTurns(): { readonly turns: number; stop(): void } {
  let isStopped = false;
  const counter = {
    turns: 0,
    stop: () => {
      isStopped = true;
    },
  };
  const next = () => {
    counter.turns += 1;
    if (!isStopped) setImmediate(next);
  };
  setImmediate(next);
  return counter;
}

test('forEachTimeSliced handles a long list in order and yields to the event loop in between', async () => {
  const counter = countTurns();
  const done: number[] = [];
  await forEachTimeSliced([0, 1, 2, 3, 4, 5], (item) => {
    block(6);
    done.push(item);
  });
  counter.stop();
  expect(done).toEqual([0, 1, 2, 3, 4, 5]);
  expect(counter.turns).toBeGreaterThanOrEqual(2);
});

test('forEachTimeSliced handles a short list synchronously', () => {
  // A stopped clock, because a busy machine may suspend this process for longer than a slice.
  const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
  const done: number[] = [];
  void forEachTimeSliced([1, 2], (item) => done.push(item));
  clock.mockRestore();
  expect(done).toEqual([1, 2]);
});

test('TimeSlicedQueue runs a single task at once', async () => {
  const queue = new TimeSlicedQueue();
  let done = 0;
  for (let task = 1; task <= 3; task += 1) {
    queue.add(() => {
      block(20);
      done += 1;
    });
    expect(done).toBe(task);
    await nextTurn();
  }
});

test('TimeSlicedQueue runs simultaneous tasks in order, over several turns', async () => {
  const queue = new TimeSlicedQueue();
  const counter = countTurns();
  const done: number[] = [];
  const all = Promise.withResolvers<void>();
  for (let task = 0; task < 6; task += 1) {
    queue.add(() => {
      block(6);
      done.push(task);
      // A task that a task adds runs after those that are waiting.
      if (task === 4) queue.add(() => done.push(99));
      if (task === 5) all.resolve();
    });
  }
  expect(done.length).toBeLessThan(6);
  await all.promise;
  counter.stop();
  await nextTurn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 99]);
  expect(counter.turns).toBeGreaterThanOrEqual(2);
});
