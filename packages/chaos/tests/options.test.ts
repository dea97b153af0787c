import { expect, test } from '@jest/globals';
import { readOptions } from '../src/options.ts';

test('without an experiment, random faults are injected, one per three seconds', () => {
  const options = readOptions(['--faults', '30', '--seed', '5']);
  expect(options).toMatchObject({ seed: 5, rerunCommand: 'npm run chaos -- --faults 30 --seconds 90 --seed 5' });
  expect(options?.experiment.summary).toBe('30 faults in 90 s');
});

test.each([
  [['redis-outage', '--seed', '5'], 'redis-outage --seed 5', '60 s'],
  [['--seconds', '10', 'redis-outage', '--seed', '5'], 'redis-outage --seconds 10 --seed 5', '10 s'],
  [['rolling-restart', '--seed', '5'], 'rolling-restart --seed 5', '3 rounds'],
  [['slow-readers', '--seconds', '360', '--seed', '5'], 'slow-readers --seconds 360 --seed 5', '360 s'],
])('%j selects an experiment and its duration', (args, rerunCommand, summary) => {
  const options = readOptions(args);
  expect(options?.rerunCommand).toBe(`npm run chaos -- ${rerunCommand}`);
  expect(options?.experiment.summary).toContain(summary);
});

test.each([
  [['nonsense'], 'the experiment is "nonsense"; allowed: redis-outage, rolling-restart, slow-readers, or none'],
  [['toString'], 'the experiment is "toString"; allowed: redis-outage, rolling-restart, slow-readers, or none'],
  [['redis-outage', 'slow-readers'], 'unexpected "slow-readers" after redis-outage; allowed: one experiment'],
  [['redis-outage', '--faults', '3'], '--faults is not allowed with the experiment redis-outage'],
  [['slow-readers', '--seconds', '361'], '--seconds is "361"; allowed: a whole number from 5 to 360'],
])('%j is refused', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
