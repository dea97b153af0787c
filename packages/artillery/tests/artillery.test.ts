import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ConversationTracker } from '../scenarios/processors/conversation-tracker.ts';
import { listScenarios, readScenario } from '../src/scenario-file.ts';
import { summarise } from '../src/summarise.ts';

test('a tracker counts what never came, came twice and came late', () => {
  const tracker = new ConversationTracker(10);
  expect(tracker.see(10, 'old', 'live')).toBe('known');
  expect(tracker.see(11, 'a', 'live')).toBe('first');
  expect(tracker.see(13, 'c', 'live')).toBe('first');
  expect(tracker.see(12, 'b', 'live')).toBe('first-but-late');
  expect(tracker.see(13, 'c', 'live')).toBe('repeated');
  expect([tracker.upTo, tracker.isComplete, tracker.missing]).toEqual([13, true, 0]);
  tracker.extendTo(16);
  tracker.see(15, 'e', 'live');
  expect([tracker.upTo, tracker.isComplete, tracker.missing]).toEqual([13, false, 2]);
  expect(tracker.see(14, 'd', 'page')).toBe('first');
  expect(tracker.see(14, 'd', 'live')).toBe('known');
  expect(tracker.missing).toBe(1);
});

test('a tracker misses an acked message that nobody shows, and knows one that took the place of another', () => {
  const tracker = new ConversationTracker(0);
  tracker.acked(1, 'mine');
  expect(tracker.missing).toBe(1);
  tracker.see(1, 'somebody else', 'live');
  expect([tracker.missing, tracker.wrongPosition]).toEqual([0, 1]);
  tracker.acked(2, 'mine too');
  tracker.see(2, 'mine too', 'live');
  expect(tracker.wrongPosition).toBe(1);
});

test('a summary has the exact percentiles of all processes, and every second of the run', () => {
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
