import { markerIdleMsSetting, presenceSettings, serviceSettings, sessionSettings } from '@parley/service-kit';
import { z } from 'zod';

/** The settings of a presence service. `docs/configuration.md` and `.env.example` are generated from this table. */
export const PresenceServiceSettings = z.object({
  ...serviceSettings,
  SESSION_TTL_MS: sessionSettings.SESSION_TTL_MS,
  ...presenceSettings,
  MARKER_IDLE_MS: markerIdleMsSetting,
});
export type PresenceServiceConfig = Readonly<z.output<typeof PresenceServiceSettings>>;
