import { CLIENT_LIMITS, readConfig } from '@parley/service-kit';
import { atFileEnd, callRest, newRedis, newTemporaryDirectory, type TestRedis } from '@parley/testing';
import { SignJWT } from 'jose';
import { startChatServer } from '../src/chat-server.ts';
import { ChatServerSettings } from '../src/config.ts';

export interface TestChatServer {
  readonly url: string;
  readonly redis: TestRedis;
  readonly dataDir: string;
  /** Stops the server as SIGTERM does. It is stopped in any case when the test file ends. */
  stop(): Promise<void>;
  /** Returns the values of a metric by its labels, such as `reason="slow"`; '' = no label. */
  metric(name: string): Promise<Map<string, number>>;
}

const JWT_SECRET = 's'.repeat(32);

let started = 0;

/**
 * Starts a chat server in this process, on free ports with a real Redis and SQLite. It ends with the test file.
 *
 * @param beside another server whose Redis and store are shared
 */
export async function newChatServer(
  settings: Record<string, string | number> = {},
  beside?: TestChatServer,
): Promise<TestChatServer> {
  const redis = beside?.redis ?? (await newRedis());
  const dataDir = beside?.dataDir ?? (await newTemporaryDirectory());
  started += 1;
  const env: NodeJS.ProcessEnv = {
    NODE_NAME: `chat-server-${started}`,
    REDIS_URL: redis.url,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'fatal',
    JWT_SECRET,
    ALLOW_GUESTS: 'true',
    FIRST_MESSAGE_DEADLINE_MS: '0',
    ...Object.fromEntries(CLIENT_LIMITS.map((name) => [name, '0'])),
    CONVERSATIONS_PER_HOUR: '0',
    MESSAGES_PER_SECOND: '0',
  };
  for (const [name, value] of Object.entries(settings)) env[name] = String(value);
  const { port, opsPort, stop } = await startChatServer(readConfig(ChatServerSettings, env));
  let stopped: Promise<void> | undefined;
  const stopOnce = () => {
    stopped ??= stop();
    return stopped;
  };
  atFileEnd(stopOnce);
  return {
    url: `http://127.0.0.1:${port}`,
    redis,
    dataDir,
    stop: stopOnce,
    async metric(name) {
      const { body } = await callRest<string>(`http://127.0.0.1:${opsPort}`, 'GET', '/metrics');
      const samples = body.matchAll(new RegExp(`^${name}\\{(.*)\\} (\\S+)$`, 'gm'));
      return new Map(
        Array.from(samples, ([, labels = '', value]) => [labels.replace(/,?node="[^"]*"/, ''), Number(value)]),
      );
    },
  };
}

/** Signs an access token that expires after some seconds. */
export const signToken = (userId: string, seconds: number): Promise<string> =>
  new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('parley')
    .setAudience('parley')
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime(`${seconds} seconds`)
    .sign(new TextEncoder().encode(JWT_SECRET));
