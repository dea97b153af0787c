import { expect, test } from '@jest/globals';
import { SCENES } from '../src/example-conversations.ts';
import { CAST } from '../src/example-users.ts';

test('every line of the example is about a line before it that somebody said, and edits are by who said it', () => {
  for (const { title, people, lines } of SCENES) {
    for (const [index, line] of lines.entries()) {
      const where = `${title ?? people.join(' and ')}, line ${index}`;
      expect(people).toContain(line.who);
      if (line.to === undefined) continue;
      const target = lines[line.to];
      expect({ where, isBefore: line.to < index, isSaid: target !== undefined && 'says' in target }).toEqual({
        where,
        isBefore: true,
        isSaid: true,
      });
      if ('edits' in line) expect(target?.who).toBe(line.who);
    }
  }
  expect(new Set(SCENES.flatMap(({ people }) => people)).size).toBe(Object.keys(CAST).length);
});
