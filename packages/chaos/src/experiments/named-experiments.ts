import type { Trial } from './experiment.ts';
import { redisOutage } from './redis-outage.ts';
import { rollingRestart } from './rolling-restart.ts';
import { slowReaders } from './slow-readers.ts';

export const TRIAL_NAMES = ['redis-outage', 'rolling-restart', 'slow-readers'] as const;
export type TrialName = (typeof TRIAL_NAMES)[number];

/** The trials that have names; `seconds` undefined = as long as the trial takes by itself. */
export const TRIALS: Readonly<Record<TrialName, (seconds: number | undefined) => Trial>> = {
  'redis-outage': (seconds = 60) => redisOutage(seconds),
  'rolling-restart': (seconds) => rollingRestart(seconds),
  'slow-readers': (seconds = 60) => slowReaders(seconds),
};
