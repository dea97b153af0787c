import {
  booleanSetting,
  integerSetting,
  mongodbUrlSetting,
  presenceSettings,
  readConfig,
  redisUrlSetting,
  serviceSettings,
  sessionSettings,
} from '@parley/service-kit';
import { z } from 'zod';

const ORIGIN_LIST = /^https?:\/\/[^/,\s]+(\s*,\s*https?:\/\/[^/,\s]+)*$/;
const SECRET_RULE = 'at least 32 characters';

const clusterSettings = (production: boolean) => {
  const secret = z
    .string({ error: `${SECRET_RULE}; a production start needs one` })
    .min(32, SECRET_RULE)
    .describe('signs access tokens (HS256); generated once into DATA_DIR, a production start without one fails');
  return z.object({
    PORT: integerSetting(1, 65_535, 8080, 'public port'),
    BIND_ADDRESS: z
      .union([z.literal('localhost'), z.ipv4(), z.ipv6()], { error: 'localhost or an IP address of this machine' })
      .default('localhost')
      .describe('address of the public port; 0.0.0.0 = every one of this machine'),
    NODES: integerSetting(1, 100, 3, 'chat servers that the local cluster starts'),
    WORKERS: integerSetting(1, 100, 1, 'message workers that the local cluster starts'),
    DATA_DIR: z.string().default('.data').describe('where the local cluster keeps Redis, history, media and logs'),
    ...sessionSettings,
    ...presenceSettings,
    MAX_IN_PROCESS: serviceSettings.MAX_IN_PROCESS,
    REDIS_URL: redisUrlSetting.optional(),
    MONGODB_URL: mongodbUrlSetting.optional(),
    JWT_SECRET: production ? secret : secret.optional(),
    ALLOW_GUESTS: booleanSetting(!production, '`POST /api/auth/guest`; true locally, false in production'),
    ALLOWED_ORIGINS: z
      .string()
      .regex(ORIGIN_LIST, 'origins such as https://chat.example.org, separated by commas')
      .optional()
      .describe('browser origins that may connect; the public address'),
    LOG_LEVEL: serviceSettings.LOG_LEVEL,
  });
};

export type ClusterConfig = Readonly<z.output<ReturnType<typeof clusterSettings>>>;

/**
 * What `npm start` is told. `NODE_ENV=production` asks for a `JWT_SECRET` and allows no guests unless told so.
 *
 * @throws ConfigError naming the variable, the value and what is allowed.
 */
export const readClusterConfig = (env: NodeJS.ProcessEnv): ClusterConfig =>
  readConfig(clusterSettings(env.NODE_ENV === 'production'), env);
