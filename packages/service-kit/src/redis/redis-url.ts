export interface RedisEndpoint {
  readonly host: string;
  readonly port: number;
}

/** The content of a `REDIS_URL`. */
export interface RedisTarget {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  /** One Redis, or some of the Sentinels or Cluster nodes. */
  readonly endpoints: readonly [RedisEndpoint, ...RedisEndpoint[]];
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Encrypts all connections, also those to Sentinels. */
  readonly isTls: boolean;
  /** The name of the master, for Sentinel. */
  readonly masterName: string;
  /** The number of the database; 0 in a Cluster. */
  readonly database: number;
}

const URL_PARTS =
  /^redis(?<tls>s?)(?:\+(?<kind>sentinel|cluster))?:\/\/(?:(?<credentials>[^/?#]*)@)?(?<hosts>[^@/?#]+)(?:\/(?<path>[^/?#]*))?$/;
const HOST_AND_PORT = /^(?:\[(?<ipv6>[\da-f:.]+)\]|(?<name>[^\s:[\]]+))(?::(?<port>\d{1,5}))?$/i;

const REDIS_PORT = 6_379;
const SENTINEL_PORT = 26_379;
const MAX_PORT = 65_535;

/**
 * Parses `redis[s]://[user:password@]host:port[/database]`, `redis[s]+sentinel://[user:password@]host:port,host:port/master` or
 * `redis[s]+cluster://[user:password@]host:port,host:port`. User and password are percent-encoded.
 *
 * @returns undefined if the URL is not valid
 */
export function parseRedisUrl(url: string): RedisTarget | undefined {
  const parts = URL_PARTS.exec(url)?.groups;
  if (!parts) return undefined;
  const kind = (parts.kind ?? 'single') as RedisTarget['kind'];
  const credentials = parseCredentials(parts.credentials);
  const [first, ...others] = (parts.hosts ?? '')
    .split(',')
    .map((entry) => parseEndpoint(entry, kind === 'sentinel' ? SENTINEL_PORT : REDIS_PORT));
  const path = parts.path ?? '';
  if (!credentials || !first || !isEvery(others) || !isPathOf[kind](path)) return undefined;
  if (kind === 'single' && others.length > 0) return undefined;
  return {
    kind,
    endpoints: [first, ...others],
    ...credentials,
    isTls: parts.tls === 's',
    masterName: (kind === 'sentinel' && path) || 'mymaster',
    database: kind === 'single' ? Number(path) : 0,
  };
}

const isPathOf: Record<RedisTarget['kind'], (path: string) => boolean> = {
  single: (path) => /^\d{0,4}$/.test(path),
  sentinel: () => true,
  cluster: (path) => path === '',
};

const isEvery = (endpoints: (RedisEndpoint | undefined)[]): endpoints is RedisEndpoint[] =>
  endpoints.every((endpoint) => endpoint !== undefined);

/** Returns undefined if a user has no password or the encoding is wrong. */
function parseCredentials(text = ':'): Pick<RedisTarget, 'username' | 'password'> | undefined {
  const [username = '', ...rest] = text.split(':');
  try {
    const password = decodeURIComponent(rest.join(':'));
    if (username !== '' && password === '') return undefined;
    return { username: decodeURIComponent(username) || undefined, password: password || undefined };
  } catch {
    return undefined;
  }
}

function parseEndpoint(text: string, defaultPort: number): RedisEndpoint | undefined {
  const parts = HOST_AND_PORT.exec(text)?.groups;
  if (!parts) return undefined;
  const port = Number(parts.port ?? defaultPort);
  return port >= 1 && port <= MAX_PORT ? { host: parts.ipv6 ?? parts.name ?? '', port } : undefined;
}

export const formatEndpoint = ({ host, port }: RedisEndpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

export const isSameEndpoint = (a: RedisEndpoint, b: RedisEndpoint): boolean => a.host === b.host && a.port === b.port;

/** User and password as options of ioredis. */
export const loginOf = ({ username, password }: RedisTarget): { username?: string; password?: string } => ({
  ...(username === undefined ? {} : { username }),
  ...(password === undefined ? {} : { password }),
});
