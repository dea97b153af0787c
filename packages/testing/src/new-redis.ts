import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll } from '@jest/globals';
import { Redis } from 'ioredis';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { newTemporaryDirectory } from './temporary-directory.ts';

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** A client for the test's own questions. */
  readonly client: Redis;
  readonly process: ChildProcess;
}

/** Starts a Redis of its own for one test file, called at its top level, on a free port; it ends with the file. */
export async function newRedis(): Promise<TestRedis> {
  // Hooks run in the order in which they were asked for: the server ends before its directory goes.
  let stop = async () => undefined as unknown;
  afterAll(() => stop());
  const port = await freePort();
  const dir = await newTemporaryDirectory();
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  );
  const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  client.on('error', () => undefined);
  stop = async () => {
    client.disconnect();
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  await eventually(() => client.ping());
  return { url: `redis://127.0.0.1:${port}`, port, client, process: server };
}
