import { expect, test } from '@jest/globals';
import { EXAMPLE_CONVERSATIONS } from '../src/example-conversations.ts';
import { EXAMPLE_USERS } from '../src/example-users.ts';

test('every step refers to an earlier message of the same conversation, and only authors edit', () => {
  for (const { title, members, steps } of EXAMPLE_CONVERSATIONS) {
    for (const [index, step] of steps.entries()) {
      const where = `${title ?? members.join(' and ')}, step ${index}`;
      expect(members).toContain(step.user);
      if (step.to === undefined) continue;
      const target = steps[step.to];
      expect({ where, isBefore: step.to < index, isMessage: target !== undefined && 'text' in target }).toEqual({
        where,
        isBefore: true,
        isMessage: true,
      });
      if ('newText' in step) expect(target?.user).toBe(step.user);
    }
  }
  expect(new Set(EXAMPLE_CONVERSATIONS.flatMap(({ members }) => members)).size).toBe(Object.keys(EXAMPLE_USERS).length);
});
