import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { inSlices, SlicedWork } from './slices.ts';

/** Keeps the event loop for a while. */
function spend(ms: number): void {
  const endsAt = performance.now() + ms;
  while (performance.now() < endsAt);
}

/** Counts the turns that the event loop takes until it is stopped. */
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

test('a long list is worked through in order, with turns for others in between', async () => {
  const counter = countTurns();
  const done: number[] = [];
  await inSlices([0, 1, 2, 3, 4, 5], (item) => {
    spend(6);
    done.push(item);
  });
  counter.stop();
  expect(done).toEqual([0, 1, 2, 3, 4, 5]);
  expect(counter.turns).toBeGreaterThanOrEqual(2);
});

test('a short list is done at once', () => {
  // No time passes, also where the machine gives it to others meanwhile.
  const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
  const done: number[] = [];
  void inSlices([1, 2], (item) => done.push(item));
  clock.mockRestore();
  expect(done).toEqual([1, 2]);
});

test('a piece of work that comes alone is done at once', async () => {
  const work = new SlicedWork();
  let done = 0;
  for (let piece = 1; piece <= 3; piece += 1) {
    work.add(() => {
      spend(20);
      done += 1;
    });
    expect(done).toBe(piece);
    await nextTurn();
  }
});

test('pieces that come together are done in order, some a turn', async () => {
  const work = new SlicedWork();
  const counter = countTurns();
  const done: number[] = [];
  const all = Promise.withResolvers<void>();
  for (let piece = 0; piece < 6; piece += 1) {
    work.add(() => {
      spend(6);
      done.push(piece);
      // What a piece brings about comes after those that wait.
      if (piece === 4) work.add(() => done.push(99));
      if (piece === 5) all.resolve();
    });
  }
  expect(done.length).toBeLessThan(6);
  await all.promise;
  counter.stop();
  await nextTurn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 99]);
  expect(counter.turns).toBeGreaterThanOrEqual(2);
});
