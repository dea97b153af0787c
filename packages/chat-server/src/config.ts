import {
  allowedOriginsSetting,
  allowGuestsSetting,
  integerSetting,
  jwtSecretSetting,
  portSetting,
  serviceSettings,
  sessionSettings,
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
  JWT_SECRET: jwtSecretSetting(),
  ALLOW_GUESTS: allowGuestsSetting(false),
  ALLOWED_ORIGINS: allowedOriginsSetting.default([]),
  SIGNUPS_PER_MINUTE: integerSetting({
    section: 'Access',
    min: 0,
    max: 1_000_000,
    default: 0,
    unit: 'accounts per minute',
    meaning: 'Accounts and guests that one address may create in a minute; 0 = no limit.',
    tradeOff: 'A low value slows down abuse. People behind the same address share it.',
  }),
  LOG_PARTITIONS: integerSetting({
    section: 'Message log',
    min: 1,
    max: 1_024,
    default: 1,
    unit: 'streams',
    meaning: 'Streams that share the message log. It must be the same in every chat server.',
    tradeOff:
      'More than one spreads the log over a Redis Cluster. Each needs a message worker with its `LOG_PARTITION`, so leave it at 1 for `npm start`.',
  }),
});
export type ChatServerConfig = Readonly<z.output<typeof ChatServerSettings>>;
