import { expect, test } from '@jest/globals';
import { snippetOf } from './snippet.ts';

const marked = (text: string, query: string) =>
  snippetOf(text, query)
    .map((part) => (part.isMatch ? `[${part.text}]` : part.text))
    .join('');

test('marks the beginnings of words that match the query, in any script', () => {
  expect(marked('Good morning, lobby: a good day', 'goo lob')).toBe('[Goo]d morning, [lob]by: a [goo]d day');
  expect(marked('Привет мир', 'при')).toBe('[При]вет мир');
  expect(marked('understand', 'stand')).toBe('understand');
  expect(marked('1+1 (x)', '(.*')).toBe('1+1 (x)');
});

test('shortens a long text to the part around the first match', () => {
  const text = `${'before '.repeat(50)}needle ${'after '.repeat(50)}`;
  const shown = marked(text, 'needle');
  expect(shown).toMatch(/^… before .*\[needle\] after .* …$/u);
  expect(shown.length).toBeLessThan(175);
  expect(marked('x'.repeat(500), 'nothing')).toBe(`${'x'.repeat(160)} …`);
});
