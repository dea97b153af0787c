import {
  allowedOriginsSetting,
  allowGuestsSetting,
  clientLimitSettings,
  conversationIdleMsSetting,
  conversationQuotaSettings,
  dedupeSettings,
  guestTtlMsSetting,
  integerSetting,
  jwtSecretSetting,
  logPartitionsSetting,
  markerIdleMsSetting,
  messageRateSettings,
  portSetting,
  serviceSettings,
  sessionSettings,
  trustedProxiesSetting,
  urlSetting,
} from '@parley/service-kit';
import { z } from 'zod';

/** The settings of a chat server. `docs/configuration.md` and `.env.example` are generated from this table. */
export const ChatServerSettings = z.object({
  ...serviceSettings,
  HTTP_PORT: portSetting({
    section: 'Processes',
    meaning: 'Port of REST and Socket.IO, for nginx only; 0 = any free one.',
    isPerProcess: true,
  }),
  ...sessionSettings,
  ...messageRateSettings(true),
  MAX_PENDING_CONNECTIONS: integerSetting({
    section: 'Limits and sessions',
    min: 10,
    max: 1_000_000,
    default: 12_000,
    unit: 'connections',
    meaning:
      'Connections of one chat server that are not admitted yet. Beyond it, handshakes are refused with `UNAVAILABLE` before the upgrade. One address gets at most 90 % of them, and less while others use them.',
    tradeOff:
      'Each costs about 6 KB of memory. All clients of a server may reconnect at once: a value below their number delays some of them.',
  }),
  JWT_SECRET: jwtSecretSetting(),
  ALLOW_GUESTS: allowGuestsSetting(false),
  GUEST_TTL_MS: guestTtlMsSetting,
  ALLOWED_ORIGINS: allowedOriginsSetting.default([]),
  TRUSTED_PROXIES: trustedProxiesSetting,
  ...clientLimitSettings(true),
  ...conversationQuotaSettings('production'),
  LOG_PARTITIONS: logPartitionsSetting,
  MARKER_IDLE_MS: markerIdleMsSetting,
  ...dedupeSettings,
  CONVERSATION_IDLE_MS: conversationIdleMsSetting,
  CLUSTER_URL: urlSetting({
    section: 'Processes',
    schemes: ['http', 'https'],
    allowed: 'a URL such as http://nginx:8080',
    meaning:
      'Address of nginx or the load balancer, as the chat servers reach it. A chat server that loses Redis asks its `/readyz` whether another server is ready. If so, it refuses newcomers and moves its sessions there. `npm start` sets it.',
    tradeOff: 'Unset: a server that alone loses Redis keeps its sessions, and newcomers get `UNAVAILABLE` from it.',
  }).optional(),
});
export type ChatServerConfig = Readonly<z.output<typeof ChatServerSettings>>;
