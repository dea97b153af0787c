import { expect, test } from '@jest/globals';
import { eventually } from '@parley/testing';
import { silentLogger } from './logger.ts';
import { startLoop } from './loop.ts';

test('counts a failed round and retries it', async () => {
  let rounds = 0;
  let errors = 0;
  const loop = startLoop(
    'test',
    async () => {
      rounds += 1;
      if (rounds <= 3) throw new Error('not yet');
    },
    { everyMs: 1, logger: silentLogger(), onError: () => (errors += 1), maxBackoffMs: 5 },
  );
  await eventually(() => expect(rounds).toBeGreaterThan(5));
  await loop.stop();
  expect(errors).toBe(3);
  const roundsAtStop = rounds;
  await new Promise((resolve) => setImmediate(resolve));
  expect(rounds).toBe(roundsAtStop);
});

test('stop aborts the current round and waits until it ends', async () => {
  let finished = false;
  const loop = startLoop(
    'test',
    async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      finished = true;
    },
    { everyMs: 60_000, logger: silentLogger() },
  );
  await loop.stop();
  expect(finished).toBe(true);
});
