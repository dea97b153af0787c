import { expect, test } from '@jest/globals';
import { planFaults, type TargetDescription } from '../src/faults/plan-faults.ts';

const target = (name: string, group: string, kinds: TargetDescription['kinds']): TargetDescription => ({
  name,
  group,
  kinds,
});
const targets = [
  ...[1, 2, 3].map((index) => target(`chat-server-${index}`, 'chat-server', ['kill', 'freeze'])),
  ...[1, 2].map((index) => target(`message-worker-${index}`, 'message-worker', ['kill', 'freeze'])),
  target('redis', 'redis', ['kill', 'freeze']),
  target('nginx', 'nginx', ['kill', 'freeze']),
  target('store', 'store', ['lock']),
  target('clients', 'clients', ['cut']),
  ...['redis', 'store'].map((group) => target(`${group}-link`, group, ['slow', 'black-hole', 'cut'])),
];
const plan = (seed: number, faults = 100, seconds = 300) => planFaults({ seed, faults, seconds, targets });

test('the same seed gives the same plan, another seed a different one', () => {
  expect(plan(1)).toEqual(plan(1));
  expect(plan(1)).not.toEqual(plan(2));
  const inAnotherOrder = planFaults({ seed: 1, faults: 100, seconds: 300, targets: targets.toReversed() });
  expect(inAnotherOrder).toEqual(plan(1));
});

test('a plan has the requested number of faults, within the duration, of every kind and at every target', () => {
  const faults = plan(3);
  expect(faults).toHaveLength(100);
  expect(faults.every(({ atMs }) => atMs >= 1_000 && atMs <= 299_000)).toBe(true);
  expect(new Set(faults.map(({ target: { name } }) => name)).size).toBe(targets.length);
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(targets.flatMap(({ kinds }) => kinds)));
});

test.each([8, 9, 10])('every target gets every kind of fault that it supports (seed %d)', (seed) => {
  const faults = plan(seed);
  for (const { name, kinds } of targets) {
    const seen = faults.flatMap(({ kind, target }) => (target.name === name ? [kind] : []));
    expect([name, new Set(seen)]).toEqual([name, new Set(kinds)]);
  }
});

test.each([5, 6, 7])('faults overlap, but never affect all targets of a group at once (seed %d)', (seed) => {
  const faults = plan(seed, 100, 150);
  let overlaps = 0;
  for (const { atMs } of faults) {
    const lasting = faults.filter((other) => other.atMs <= atMs && other.atMs + other.durationMs > atMs);
    if (lasting.length > 1) overlaps += 1;
    expect(lasting.length).toBeLessThanOrEqual(3);
    for (const group of ['chat-server', 'message-worker', 'redis', 'store']) {
      const down = new Set(lasting.filter((other) => other.target.group === group).map(({ target: { name } }) => name));
      expect(down.size).toBeLessThan(targets.filter((other) => other.group === group).length);
    }
  }
  expect(overlaps).toBeGreaterThan(10);
});

test('a fault waits until a target may fail again', () => {
  const [only] = [target('redis-data', 'redis', ['slow-fsync'])];
  const faults = planFaults({ seed: 1, faults: 3, seconds: 6, targets: only ? [only] : [] });
  expect(faults).toHaveLength(3);
  for (const [index, { atMs }] of faults.entries()) {
    const before = faults[index - 1];
    if (before) expect(atMs).toBeGreaterThanOrEqual(before.atMs + before.durationMs);
  }
});

test('each kind has its own duration', () => {
  const kinds = ['lose-tail', 'full', 'clock-back', 'freeze-master'] as const;
  const faults = planFaults({ seed: 4, faults: 40, seconds: 400, targets: [target('redis', 'redis', kinds)] });
  const durations = (wanted: (typeof kinds)[number]) =>
    faults.flatMap(({ kind, durationMs }) => (kind === wanted ? [durationMs] : []));
  expect(Math.max(...durations('clock-back'))).toBe(0);
  expect(Math.min(...durations('lose-tail'))).toBeGreaterThanOrEqual(300);
  expect(Math.max(...durations('lose-tail'))).toBeLessThanOrEqual(2_500);
});
