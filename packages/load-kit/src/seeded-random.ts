import { seededRandom } from '@parley/testing/seeded-random';

/** Returns numbers in [0, 1). */
export type Random = ReturnType<typeof seededRandom>;

export { seededRandom };

/** Returns a whole number from `min` to `max`. */
export const integerBetween = (random: Random, min: number, max: number): number =>
  min + Math.floor(random() * (max - min + 1));

/** Returns a random element. */
export function oneOf<T>(random: Random, choices: readonly T[]): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new Error('there is no element to choose');
  return choice;
}
