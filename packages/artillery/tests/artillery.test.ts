import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { Thread } from '../scenarios/processors/thread.ts';
import { listScenarios, readScenario } from '../src/scenario-file.ts';
import { summarize } from '../src/summarize.ts';

test('a thread counts what never came, came twice and came late', () => {
  const thread = new Thread(10);
  expect(thread.see(10, 'old', 'live')).toBe('known');
  expect(thread.see(11, 'a', 'live')).toBe('first');
  expect(thread.see(13, 'c', 'live')).toBe('first');
  expect(thread.see(12, 'b', 'live')).toBe('first-but-late');
  expect(thread.see(13, 'c', 'live')).toBe('repeated');
  expect([thread.upTo, thread.isComplete, thread.missing]).toEqual([13, true, 0]);
  thread.reachesTo(16);
  thread.see(15, 'e', 'live');
  expect([thread.upTo, thread.isComplete, thread.missing]).toEqual([13, false, 2]);
  expect(thread.see(14, 'd', 'page')).toBe('first');
  expect(thread.see(14, 'd', 'live')).toBe('known');
  expect(thread.missing).toBe(1);
});

test('a thread misses an acked message that nobody shows, and knows one that took the place of another', () => {
  const thread = new Thread(0);
  thread.acked(1, 'mine');
  expect(thread.missing).toBe(1);
  thread.see(1, 'somebody else', 'live');
  expect([thread.missing, thread.misplaced]).toEqual([0, 1]);
  thread.acked(2, 'mine too');
  thread.see(2, 'mine too', 'live');
  expect(thread.misplaced).toBe(1);
});

test('a summary has the exact percentiles of all processes, and every second of the run', () => {
  const second = (at: number, durationsMs: number[], failures = {}, counters = {}) => ({
    at,
    operations: { 'messages (delivery)': { durationsMs, bytes: 10 * durationsMs.length, failures } },
    counters,
  });
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  const summary = summarize([
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

test('every scenario says its question and its pools, and uses steps that exist', () => {
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

test('a scenario that is not there is refused with those that are', () => {
  expect(() => readScenario('nothing', undefined)).toThrow(/there is no scenario nothing; .*smoke/);
});
