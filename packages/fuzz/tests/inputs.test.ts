import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { newTemporaryDirectory } from '@parley/testing';
import { ADVISORIES } from '../src/inputs/advisories.ts';
import { generateInputs } from '../src/inputs/generate-inputs.ts';
import { HAND_MADE } from '../src/inputs/hand-made.ts';
import type { HostileInput } from '../src/inputs/hostile-input.ts';
import { resolveBytes } from '../src/inputs/placeholders.ts';
import { readRegressions } from '../src/inputs/read-regressions.ts';

const directory = await newTemporaryDirectory();

const take = (seed: number, generator: number, count: number): HostileInput[] => {
  const inputs = generateInputs(seed, generator);
  return Array.from({ length: count }, () => inputs.next().value);
};

test('the same seed generates the same inputs, another seed or generator others', () => {
  const inputs = take(7, 0, 400);
  expect(take(7, 0, 400)).toEqual(inputs);
  const known = new Set(inputs.map((input) => JSON.stringify(input)));
  for (const others of [take(7, 1, 400), take(8, 0, 400)]) {
    const repeated = others.filter((input) => known.has(JSON.stringify(input)));
    expect(repeated.length).toBeLessThan(40); // short inputs come by chance
  }
});

test('generated inputs are of all kinds, and remain the same when they are written to a file', () => {
  const inputs = take(1, 0, 400);
  expect(new Set(inputs.map(({ kind }) => kind))).toEqual(new Set(['request', 'websocket', 'polling']));
  expect(JSON.parse(JSON.stringify(inputs))).toEqual(inputs);
  const connected = inputs.filter((input) => 'connect' in input && input.connect === 'guest');
  expect(connected.length).toBeGreaterThan(10);
});

test('every published hole has a case for the public address and one past nginx, and each case has its own name', () => {
  const ids = [...ADVISORIES, ...HAND_MADE].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, inputs } of ADVISORIES) {
    expect(id).toMatch(/^(GHSA-\w{4}-\w{4}-\w{4}|CVE-\d{4}-\d+)$/);
    expect(inputs.some(({ direct }) => direct)).toBe(true);
    expect(inputs.some(({ direct }) => !direct)).toBe(true);
  }
});

test('regressions are read in the order of their file names', async () => {
  const inputs = take(2, 0, 1);
  for (const name of ['b', 'a']) {
    await writeFile(join(directory, `${name}.json`), JSON.stringify({ title: `case ${name}`, inputs }));
  }
  expect(readRegressions(directory)).toEqual([
    { id: 'a', title: 'case a', inputs },
    { id: 'b', title: 'case b', inputs },
  ]);
});

test('placeholders are replaced, and characters stand for bytes', () => {
  const names = ['host', 'token', 'cookie', 'sid', 'self', 'own', 'lobby', 'private', 'victim', 'message'] as const;
  const values = Object.fromEntries(names.map((name) => [name, `<${name}>`])) as Record<(typeof names)[number], string>;
  expect(resolveBytes('a\xff{{sid}}{{unknown}}', values)).toEqual(Buffer.from('a\xff<sid>{{unknown}}', 'latin1'));
  expect(resolveBytes({ repeat: '{{own}}', times: 2 }, values).toString()).toBe('<own><own>');
});
