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

test('what has begun and what is new are served in turn, and either alone where the other does not wait', async () => {
  const turnstile = new Turnstile(1);
  const done: string[] = [];
  const step = (name: string, line: 'new' | 'begun') => turnstile.pass(async () => void done.push(name), line);
  const news = ['a', 'b', 'c', 'd'].map((name) => step(`${name} begins`, 'new'));
  const ends = ['a', 'b'].map((name) => step(`${name} ends`, 'begun'));
  await Promise.all([...news, ...ends]);
  expect(done).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'd begins']);
});
