import { z } from 'zod';

/** A setting that is wrong; the message is the one line that the operator gets. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const SECRET_NAME = /SECRET|PASSWORD|ACCESS_KEY|API_KEY|TOKEN(?!_TTL)/;

/**
 * Reads a service's settings from the environment, once, in `main.ts`. Each key of the schema is a variable's name; an
 * empty variable counts as unset. Every field's `description` is its row in the documentation.
 *
 * @throws ConfigError naming the variable, the value and what is allowed.
 */
export function readConfig<T extends z.ZodObject>(schema: T, env: NodeJS.ProcessEnv): Readonly<z.output<T>> {
  const input: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = env[name];
    if (value !== undefined && value !== '') input[name] = value;
  }
  const parsed = schema.safeParse(input);
  if (parsed.success) return Object.freeze(parsed.data);
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0] ?? 'configuration');
  const value = input[name];
  const shown =
    value === undefined ? 'is not set' : `is ${SECRET_NAME.test(name) ? '(hidden)' : JSON.stringify(value)}`;
  throw new ConfigError(`${name} ${shown}; allowed: ${issue?.message ?? 'another value'}`);
}

/** A whole number from `min` to `max`. */
export const integerSetting = (min: number, max: number, fallback: number, description: string) => {
  const allowed = `a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, allowed)
    .transform(Number)
    .pipe(z.number().min(min, allowed).max(max, allowed))
    .default(fallback)
    .describe(description);
};

export const booleanSetting = (fallback: boolean, description: string) =>
  z
    .enum(['true', 'false', '1', '0'], { error: 'true or false' })
    .transform((value) => value === 'true' || value === '1')
    .default(fallback)
    .describe(description);

export const portSetting = (fallback: number, description: string) => integerSetting(0, 65_535, fallback, description);

const urlSetting = (protocols: readonly string[], example: string, description: string) =>
  z
    .string()
    .refine((value) => protocols.some((protocol) => value.startsWith(`${protocol}://`)), `a URL such as ${example}`)
    .describe(description);

export const redisUrlSetting = urlSetting(
  ['redis', 'rediss', 'redis+sentinel', 'redis+cluster'],
  'redis://host:6379, redis+sentinel://host:26379,host:26379/master or redis+cluster://host:6379,host:6379',
  'one Redis, a Sentinel set or a Redis Cluster',
);

export const mongodbUrlSetting = urlSetting(
  ['mongodb', 'mongodb+srv'],
  'mongodb://host:27017/parley',
  'history and users in MongoDB; unset = embedded SQLite in DATA_DIR',
);

/** What every process of the cluster is told. */
export const serviceSettings = {
  NODE_NAME: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'lower-case letters, digits and "-", at most 40')
    .describe("this process's name in logs, metrics and session ids"),
  OPS_PORT: portSetting(0, 'port of /healthz, /readyz and /metrics; 0 = any free one'),
  BIND_ADDRESS: z.string().default('127.0.0.1').describe('address that the ports are opened on'),
  REDIS_URL: redisUrlSetting,
  MONGODB_URL: mongodbUrlSetting.optional(),
  DATA_DIR: z.string().default('.data').describe('where the embedded history store and secrets are'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], { error: 'fatal, error, warn, info, debug or trace' })
    .default('info')
    .describe('least severe log lines that are written'),
  MAX_IN_PROCESS: integerSetting(
    1,
    1_000_000,
    500,
    'messages accepted and not yet completely processed, in the whole cluster',
  ),
} as const;

/** Who may be connected, for how long; told to the local cluster and by it to the chat servers. */
export const sessionSettings = {
  MAX_CLIENTS: integerSetting(
    0,
    1_000_000,
    50,
    'clients that may communicate at any time, in the whole cluster; 0 = no limit',
  ),
  SESSION_TTL_MS: integerSetting(
    500,
    3_600_000,
    15_000,
    "a client's place is free again this long after its server died",
  ),
  FIRST_MESSAGE_DEADLINE_MS: integerSetting(
    0,
    86_400_000,
    60_000,
    'a client that has sent nothing by then is disconnected; 0 = off',
  ),
  ACCESS_TOKEN_TTL_MS: integerSetting(10_000, 86_400_000, 900_000, 'lifetime of an access token'),
} as const;

/** How people see each other; told to the local cluster and by it to the presence service. */
export const presenceSettings = {
  PRESENCE_GRACE_MS: integerSetting(
    0,
    600_000,
    5_000,
    'who is back within this time was never gone: a short interruption shows nothing to others',
  ),
} as const;
