import { integerSetting, serviceSettings } from '@parley/service-kit';
import { z } from 'zod';

/** The settings of a message worker. `docs/configuration.md` and `.env.example` are generated from this table. */
export const MessageWorkerSettings = z.object({
  ...serviceSettings,
  LOG_PARTITION: integerSetting({
    section: 'Message log',
    min: 0,
    max: 1_023,
    default: 0,
    meaning: 'Partition of the message log that this worker reads, below `LOG_PARTITIONS`.',
    isPerProcess: true,
  }),
  RECLAIM_AFTER_MS: integerSetting({
    section: 'Message log',
    min: 500,
    max: 600_000,
    default: 10_000,
    unit: 'ms',
    meaning: 'Other workers reclaim the log entries of a worker that has not extended its claim for this time.',
    tradeOff:
      "A lower value shortens the delay after a worker's death. A worker that is only slow has its messages published twice; clients drop the repeats.",
  }),
});
export type MessageWorkerConfig = Readonly<z.output<typeof MessageWorkerSettings>>;
