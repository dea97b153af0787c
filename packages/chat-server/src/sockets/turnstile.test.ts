import { expect, test } from '@jest/globals';
import { Turnstile } from './turnstile.ts';

test('lets as many in as it has places, then one for each that leaves, in their order, whatever their work comes to', async () => {
  const turnstile = new Turnstile(2);
  const began: number[] = [];
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<number>());
  const passed = gates.map(({ promise }, index) =>
    turnstile.pass(() => {
      began.push(index);
      return promise;
    }),
  );
  expect(began).toEqual([0, 1]);
  gates[1]?.reject(new Error('fails'));
  await expect(passed[1]).rejects.toThrow('fails');
  expect(began).toEqual([0, 1, 2]);
  gates[0]?.resolve(0);
  expect(await passed[0]).toBe(0);
  expect(began).toEqual([0, 1, 2, 3]);
  for (const [index, { resolve }] of gates.entries()) resolve(index);
  expect(await Promise.all(passed.slice(2))).toEqual([2, 3, 4]);
});

test('what has begun before goes before what begins', async () => {
  const turnstile = new Turnstile(1);
  const done: string[] = [];
  const step = (name: string, first: boolean) => turnstile.pass(async () => void done.push(name), { first });
  await Promise.all([step('a begins', false), step('b begins', false), step('a ends', true), step('c ends', true)]);
  expect(done).toEqual(['a begins', 'a ends', 'c ends', 'b begins']);
});
