import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { listScenarios, readScenario } from '../src/scenario-file.ts';
import { summarise } from '../src/summarise.ts';

test('a summary has exact percentiles over all processes and one entry per second', () => {
  const second = (at: number, durationsMs: number[], failures = {}, counters = {}) => ({
    at,
    operations: { 'messages (delivery)': { durationsMs, bytes: 10 * durationsMs.length, failures } },
    counters,
  });
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  const summary = summarise([
    second(100, upTo(50), {}, { delivered: 50, online: 2 }),
    second(102, upTo(100).slice(50), { LOST: 2 }, { delivered: 50, online: -1 }),
    { at: 101, operations: {}, counters: { online: 3 } },
  ]);
  expect(summary.operations['messages (delivery)']).toMatchObject({
    count: 100,
    failures: { LOST: 2 },
    medianMs: 50,
    averageMs: 50.5,
    minMs: 1,
    maxMs: 100,
    bytes: 10,
    percentilesMs: { '50': 50, '95': 95, '99': 99, '99.99': 100 },
  });
  expect(summary.timeline.map(({ delivered, online }) => [delivered, online])).toEqual([
    [50, 2],
    [0, 5],
    [50, 4],
  ]);
});

test('every scenario X, and uses steps that exist', () => {
  const processors = readFileSync(new URL('../scenarios/processors.mts', import.meta.url), 'utf8');
  const steps = [...processors.matchAll(/\{([^}]+)\}/g)].flatMap(([, names = '']) => names.trim().split(/,\s*/));
  const names = listScenarios().map(({ name }) => name);
  expect(names).toContain('smoke');
  for (const name of names) {
    const scenario = readScenario(name, undefined);
    expect(scenario.question).toMatch(/\?$/);
    const used = [...readFileSync(scenario.file, 'utf8').matchAll(/function: (\w+)/g)].map(([, step]) => step);
    expect(used.length).toBeGreaterThan(0);
    for (const step of used) expect(steps).toContain(step);
  }
});

test('an unknown scenario is refused with the list of known ones', () => {
  expect(() => readScenario('nothing', undefined)).toThrow(/there is no scenario nothing; .*smoke/);
});
