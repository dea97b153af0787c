import { conversationIdleMsSetting, integerSetting, reclaimAfterMsSetting, serviceSettings } from '@parley/service-kit';
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
  RECLAIM_AFTER_MS: reclaimAfterMsSetting,
  CONVERSATION_IDLE_MS: conversationIdleMsSetting,
});
export type MessageWorkerConfig = Readonly<z.output<typeof MessageWorkerSettings>>;
