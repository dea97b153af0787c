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
