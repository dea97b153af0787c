import type { Experiment } from './experiment.ts';
import { fullRedis } from './full-redis.ts';
import { redisOutage } from './redis-outage.ts';
import { rollingRestart } from './rolling-restart.ts';
import { slowDisk } from './slow-disk.ts';
import { slowReaders } from './slow-readers.ts';

export const EXPERIMENT_NAMES = ['redis-outage', 'rolling-restart', 'slow-readers', 'slow-disk', 'full-redis'] as const;
export type ExperimentName = (typeof EXPERIMENT_NAMES)[number];

/** The experiments by name. `seconds` undefined = the experiment's default duration. */
export const EXPERIMENTS: Readonly<Record<ExperimentName, (seconds: number | undefined) => Experiment>> = {
  'redis-outage': (seconds = 60) => redisOutage(seconds),
  'rolling-restart': (seconds) => rollingRestart(seconds),
  'slow-readers': (seconds = 60) => slowReaders(seconds),
  'slow-disk': (seconds) => slowDisk(seconds),
  'full-redis': (seconds = 30) => fullRedis(seconds),
};
