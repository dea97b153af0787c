import type { Experiment } from './experiment.ts';
import { redisOutage } from './redis-outage.ts';
import { rollingRestart } from './rolling-restart.ts';
import { slowReaders } from './slow-readers.ts';

export const EXPERIMENT_NAMES = ['redis-outage', 'rolling-restart', 'slow-readers'] as const;
export type ExperimentName = (typeof EXPERIMENT_NAMES)[number];

/** The experiments by name. `seconds` undefined = the experiment's default duration. */
export const EXPERIMENTS: Readonly<Record<ExperimentName, (seconds: number | undefined) => Experiment>> = {
  'redis-outage': (seconds = 60) => redisOutage(seconds),
  'rolling-restart': (seconds) => rollingRestart(seconds),
  'slow-readers': (seconds = 60) => slowReaders(seconds),
};
