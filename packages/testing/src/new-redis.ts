import type { ChildProcess } from 'node:child_process';
import { Redis } from 'ioredis';
import { atFileEnd } from './at-file-end.ts';
import { startServer } from './start-server.ts';

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** For the test's own commands. It reconnects automatically. */
  readonly client: Redis;
  readonly process: ChildProcess;
}

/**
 * Starts a Redis without persistence for one test file. It ends with the file.
 *
 * @param options.env added to its environment
 */
export async function newRedis(options: { env?: NodeJS.ProcessEnv } = {}): Promise<TestRedis> {
  let client: Redis | undefined;
  const { port, process } = await startServer({
    command: 'redis-server',
    env: options.env,
    args: ({ port, directory }) => {
      const settings = { port, bind: '127.0.0.1', dir: directory, save: '', appendonly: 'no' };
      return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    },
    ping: async (port) => {
      client ??= connect(port);
      await client.ping();
    },
  });
  return { url: `redis://127.0.0.1:${port}`, port, client: client ?? connect(port), process };
}

function connect(port: number): Redis {
  const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  client.on('error', () => undefined);
  atFileEnd(() => client.disconnect());
  return client;
}
