import { conversationIdleMsSetting, reclaimAfterMsSetting, serviceSettings } from '@parley/service-kit';
import { z } from 'zod';

/** The settings of a message worker. `docs/configuration.md` and `.env.example` are generated from this table. */
export const MessageWorkerSettings = z.object({
  ...serviceSettings,
  RECLAIM_AFTER_MS: reclaimAfterMsSetting,
  CONVERSATION_IDLE_MS: conversationIdleMsSetting,
});
export type MessageWorkerConfig = Readonly<z.output<typeof MessageWorkerSettings>>;
