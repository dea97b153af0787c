import { expect, test } from '@jest/globals';
import { findViolations } from './find-violations.ts';

const phrases = (path: string, source: string) =>
  findViolations(path, source).map(({ line, phrase }) => `${line} ${phrase}`);

test('a refused phrase is found across the lines of a comment, with its line and the words to write', () => {
  const source = 'const a = 1;\n// The lease is gone for\n// good.\n';
  expect(findViolations('a.ts', source)).toEqual([
    { path: 'a.ts', line: 2, phrase: 'for good', instead: 'permanently' },
  ]);
});

test.each([
  ['a line comment', 'a.ts', '// What the server sends.\n'],
  ['a docstring', 'a.ts', '/**\n * Whoever holds the slot.\n */\n'],
  ['the second sentence of a comment', 'a.ts', '// Renews all leases. Who does not renew loses the slot.\n'],
  ['a text', 'a.ts', "throw new Error('Redis is away');\n"],
  ['a test name', 'a.test.ts', "test('who is removed loses the slot', run);\n"],
  ['the text of a page', 'a.tsx', 'const a = <p>The server is away just now</p>;\n'],
  ['a Lua comment', 'a.lua', 'local a = 1 -- the entry in hand\n'],
  ['a shell comment', 'a.sh', '# checked now and then\n'],
  ['the description of an alert', 'a.yml', 'summary: Redis is away\n'],
  ['a style sheet', 'a.css', '/* gone for good */\n'],
  ['a document', 'a.md', 'It is sent now and then.\n'],
  ['a table cell of a document', 'a.md', '| a | What it is |\n'],
])('a refused phrase is found in %s', (_, path, source) => {
  expect(phrases(path, source)).toHaveLength(1);
});

test.each([
  ['an identifier', 'a.ts', 'const away = is(away);\n'],
  ['a text of one word', 'a.ts', "const a = 'passport';\n"],
  ['code in a comment', 'a.ts', '// The route `GET /passport` is an alias.\n'],
  ['code in a document', 'a.md', 'Call `passport`.\n\n```ts\nconst passport = 1;\n```\n'],
  ['a question', 'a.md', '## What is an epoch?\n'],
  ['words of two separate comments', 'a.ts', 'a(); // used for\nb(); // good\n'],
  ['a relative clause inside a sentence', 'a.ts', '// The user who holds the slot.\n'],
])('nothing is refused in %s', (_, path, source) => {
  expect(phrases(path, source)).toEqual([]);
});
