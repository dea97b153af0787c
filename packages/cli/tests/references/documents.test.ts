import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { workspacePath } from '@parley/local-cluster';
import { findDanglingReferences } from './find-dangling-references.ts';
import { readRepositoryFacts } from './repository-facts.ts';

const facts = await readRepositoryFacts();

const find = (markdown: string) => findDanglingReferences('docs/example.md', markdown, facts);

test('documents name only paths, commands, settings, metrics, events and error codes that exist', () => {
  const dangling = facts.documents.flatMap((document) =>
    findDanglingReferences(document, readFileSync(workspacePath(document), 'utf8'), facts).map(
      ({ line, kind, name }) => `${document}:${line} ${kind}: ${name}`,
    ),
  );
  expect(facts.documents).toContain('docs/glossary.md');
  expect(dangling).toEqual([]);
});

test('ARCHITECTURE.md has a row for every package', () => {
  const architecture = readFileSync(workspacePath('ARCHITECTURE.md'), 'utf8');
  const rows = [...architecture.matchAll(/^\| ((?:`[\w-]+`(?:, )?)+) \|/gm)].flatMap(([, names = '']) =>
    names.replaceAll('`', '').split(', '),
  );
  expect(rows.sort()).toEqual([...facts.packages].sort());
});

test('the messages in docs/troubleshooting.md are those of the sources', () => {
  const headings = readFileSync(workspacePath('docs/troubleshooting.md'), 'utf8').matchAll(/^### `(.*)`$/gm);
  const messages = [...headings].map(([, message = '']) => message);
  expect(messages.length).toBeGreaterThan(10);
  expect(messages.filter((message) => !facts.hasMessage(message))).toEqual([]);
});

test.each([
  ['path', 'See `packages/leases/src/scripts/obtain.lua`.'],
  ['path', 'See `obtain.lua`.'],
  ['path', 'See `packages/lease/`.'],
  ['link', 'See [the reasons](decisions/9999-none.md).'],
  ['link', 'See [the settings](configuration.md#no-such-section).'],
  ['command', 'Run `npm run verify`.'],
  ['command', '```sh\nnpm run verify   # checks\n```'],
  ['argument', 'Run `npm run chaos -- --explosions 3`.'],
  ['argument', 'Run `npm run bench -- speed`.'],
  ['setting or code', 'Set `MAX_CLIENT_COUNT`.'],
  ['setting or code', '```sh\nMAX_CLIENT_COUNT=5 npm start\n```'],
  ['setting or code', 'The reply is `SERVER_IS_FULL`.'],
  ['metric', 'Watch `chat_sessions_current`.'],
  ['event', 'Emit `session:greet`.'],
  ['REST path', 'Call `POST /api/auth/enter`.'],
])('a %s that does not exist is found: %s', (kind, markdown) => {
  expect(find(markdown).map((reference) => reference.kind)).toEqual([kind]);
});

test.each([
  'See `packages/leases/src/scripts/acquire.lua`, `acquire.lua`, `leases/src/scripts/*.lua` and [settings](configuration.md#limits-and-sessions).',
  'Run `npm start`, `npm run chaos -- --seconds 60`, `npm run bench -- fanout` and `npm test -- packages/leases`.',
  '```sh\nPORT=9000 npm start   # another port\n```',
  'Set `MAX_CLIENTS=100`; the reply is `SERVER_FULL`; Redis runs `XAUTOCLAIM`.',
  'Watch `chat_sessions`. Emit `session:hello`. Call `GET /api/messages/:id/trace`.',
  '```ts\nimport { x } from "./missing.ts";\n```',
])('names that exist are accepted: %s', (markdown) => {
  expect(find(markdown)).toEqual([]);
});
