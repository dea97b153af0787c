import { integerSetting, serviceSettings } from '@parley/service-kit';
import { z } from 'zod';

/** The settings of a message worker; the documentation is made from this table. */
export const MessageWorkerSettings = z.object({
  ...serviceSettings,
  LOG_PARTITION: integerSetting(0, 1_023, 0, 'the partition of the message log that this worker reads'),
  TAKE_OVER_AFTER_MS: integerSetting(
    500,
    600_000,
    10_000,
    'a worker that is not heard of for this long is dead: others take its messages over',
  ),
});
export type MessageWorkerConfig = Readonly<z.output<typeof MessageWorkerSettings>>;
