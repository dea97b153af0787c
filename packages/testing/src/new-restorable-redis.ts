import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { atFileEnd } from './at-file-end.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { newTemporaryDirectory } from './temporary-directory.ts';

export interface RestorableRedis {
  readonly url: string;
  /** For the test's own commands. It reconnects automatically. */
  readonly client: Redis;
  /** Writes the data set to the disk. */
  snapshot(): Promise<void>;
  kill(): Promise<void>;
  /** Kills Redis and starts it with the last snapshot: everything written since is lost. */
  restore(): Promise<void>;
}

/** Starts a Redis that can lose its newest writes. It ends with the test file. */
export async function newRestorableRedis(): Promise<RestorableRedis> {
  const directory = await newTemporaryDirectory();
  const port = await freePort();
  let redis: ChildProcess | undefined;
  const kill = async () => {
    if (!redis || redis.exitCode !== null || redis.signalCode !== null) return;
    const exited = once(redis, 'exit');
    redis.kill('SIGKILL');
    await exited;
  };
  atFileEnd(kill);
  const client = new Redis(port, '127.0.0.1', {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: () => 20,
  });
  client.on('error', () => undefined);
  atFileEnd(() => client.disconnect());
  const start = async () => {
    const options = { port, bind: '127.0.0.1', dir: directory, save: '', appendonly: 'no' };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    redis = spawn('redis-server', args, { stdio: 'ignore' });
    await eventually(() => client.ping());
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    client,
    snapshot: async () => void (await client.save()),
    kill,
    async restore() {
      await kill();
      await start();
    },
  };
}
