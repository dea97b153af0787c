import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { atFileEnd, newRedis } from '@parley/testing';
import { COMMAND_TIMEOUT_MS } from '../src/redis.ts';

const redis = await newRedis();

test('a reply that arrived while this process was frozen for longer than the deadline does not count', async () => {
  const client = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/frozen-client.ts'), redis.url], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  atFileEnd(() => client.kill('SIGKILL'));
  const lines = createInterface(client.stdout)[Symbol.asyncIterator]();
  const nextLine = async () => (await lines.next()).value;
  expect(await nextLine()).toBe('ready');

  redis.process.kill('SIGSTOP');
  client.stdin.write('go\n');
  expect(await nextLine()).toBe('sent');
  client.kill('SIGSTOP');
  redis.process.kill('SIGCONT');
  // The time is the subject of the test: Redis replies, and the deadline passes.
  await pause(COMMAND_TIMEOUT_MS + 500);
  client.kill('SIGCONT');
  expect(await nextLine()).toBe('unavailable');
  if (client.exitCode === null) await once(client, 'exit');
});
