import { booleanSetting, integerSetting, portSetting, serviceSettings, sessionSettings } from '@parley/service-kit';
import { z } from 'zod';

/** The settings of a chat server; the documentation is made from this table. */
export const ChatServerSettings = z.object({
  ...serviceSettings,
  HTTP_PORT: portSetting(0, 'port of REST and Socket.IO, for nginx only; 0 = any free one'),
  ...sessionSettings,
  JWT_SECRET: z
    .string({ error: 'at least 32 characters' })
    .min(32, 'at least 32 characters')
    .describe('signs access tokens (HS256)'),
  ALLOW_GUESTS: booleanSetting(false, '`POST /api/auth/guest`'),
  ALLOWED_ORIGINS: z
    .string()
    .transform((list) => list.split(',').map((origin) => origin.trim().replace(/\/$/, '')))
    .pipe(
      z.array(
        z.string().regex(/^https?:\/\/[^/\s]+$/, 'origins such as https://chat.example.org, separated by commas'),
      ),
    )
    .default([])
    .describe('browser origins that may connect, separated by commas'),
  SIGNUPS_PER_MINUTE: integerSetting(
    0,
    1_000_000,
    0,
    'accounts and guests that one address may create in a minute; 0 = no limit',
  ),
  LOG_PARTITIONS: integerSetting(
    1,
    1_024,
    1,
    'streams that the message log is spread over; more than one on a Redis Cluster',
  ),
});
export type ChatServerConfig = Readonly<z.output<typeof ChatServerSettings>>;
