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
  [['slow-disk', '--redis', 'cluster', '--seed', '5'], 'slow-disk --redis cluster --seed 5', '5 rounds'],
  [['full-redis', '--seed', '5'], 'full-redis --seed 5', '30 s'],
  [['slow-readers', '--seconds', '360', '--seed', '5'], 'slow-readers --seconds 360 --seed 5', '360 s'],
])('%j selects an experiment and its duration', (args, rerunCommand, summary) => {
  const options = readOptions(args);
  expect(options?.rerunCommand).toBe(`npm run chaos -- ${rerunCommand}`);
  expect(options?.experiment.summary).toContain(summary);
});

test('--kinds selects the kinds of random faults', () => {
  const options = readOptions(['--kinds', 'lose-tail,full', '--faults', '4', '--redis', 'sentinel', '--seed', '5']);
  expect(options).toMatchObject({
    redisMode: 'sentinel',
    rerunCommand: 'npm run chaos -- --faults 4 --seconds 12 --kinds lose-tail,full --redis sentinel --seed 5',
  });
  expect(options?.experiment.summary).toBe('4 faults of lose-tail, full in 12 s');
});

test.each([
  [
    ['nonsense'],
    'the experiment is "nonsense"; allowed: redis-outage, rolling-restart, slow-readers, slow-disk, full-redis, or none',
  ],
  [
    ['toString'],
    'the experiment is "toString"; allowed: redis-outage, rolling-restart, slow-readers, slow-disk, full-redis, or none',
  ],
  [['redis-outage', 'slow-readers'], 'unexpected "slow-readers" after redis-outage; allowed: one experiment'],
  [['redis-outage', '--redis', 'sentinel'], '--redis is "sentinel"; allowed with redis-outage: single'],
  [['--redis', 'double'], '--redis is "double"; allowed: single, sentinel, cluster'],
  [['--kinds', 'kill,explode'], '--kinds names "explode"; allowed: kill, freeze,'],
  [['full-redis', '--kinds', 'kill'], '--kinds is not allowed with the experiment full-redis'],
  [['redis-outage', '--faults', '3'], '--faults is not allowed with the experiment redis-outage'],
  [['slow-readers', '--seconds', '361'], '--seconds is "361"; allowed: a whole number from 5 to 360'],
])('%j is refused', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
