import { expect, test } from '@jest/globals';
import { isLong, isOnlyEmoji, parseText } from './parse-text.ts';

const shape = (text: string) => parseText(text).map((piece) => `${piece.kind}: ${piece.text}`);

test('turns only web addresses into links, without surrounding punctuation', () => {
  expect(shape('See https://example.org/a?b=c. And (http://example.org/x), please')).toEqual([
    'plain: See ',
    'link: https://example.org/a?b=c',
    'plain: . And (',
    'link: http://example.org/x',
    'plain: ), please',
  ]);
  expect(shape('javascript:alert(1) data:text/html,x <b>no</b>')).toEqual([
    'plain: javascript:alert(1) data:text/html,x <b>no</b>',
  ]);
});

test('finds code, and no links inside code', () => {
  expect(shape('run `npm start` now')).toEqual(['plain: run ', 'code: npm start', 'plain:  now']);
  expect(shape('so:\n```ts\nconst url = "https://example.org";\n```\ndone')).toEqual([
    'plain: so:\n',
    'code-block: const url = "https://example.org";',
    'plain: \ndone',
  ]);
  expect(shape('a lone ` and an open ```')).toEqual(['plain: a lone ` and an open ```']);
});

test('recognises texts of a few emoji only', () => {
  for (const text of ['👍', '👩‍👩‍👧 🇳🇴', '❤️❤️', '1️⃣']) expect([text, isOnlyEmoji(text)]).toEqual([text, true]);
  for (const text of ['', '  ', '1', 'ok 👍', '👍'.repeat(7), '٣'])
    expect([text, isOnlyEmoji(text)]).toEqual([text, false]);
});

test('counts a text as long by characters or by lines', () => {
  expect(isLong('x'.repeat(1_200))).toBe(false);
  expect(isLong('x'.repeat(1_201))).toBe(true);
  expect(isLong(Array(18).fill('x').join('\n'))).toBe(false);
  expect(isLong(Array(19).fill('x').join('\n'))).toBe(true);
});
