import { afterAll, expect, test } from '@jest/globals';
import { ChatError } from '@parley/protocol';
import { connectRedis, silentLogger } from '@parley/service-kit';
import { newRedis, withoutCommandDeadline } from '@parley/testing';
import { SignInLimits } from './sign-in-limits.ts';

const server = await newRedis();
const connect = async () =>
  withoutCommandDeadline(
    await connectRedis(server.url, 'command', { logger: silentLogger(), connectionName: 'limits' }),
  );
const connections = [await connect(), await connect()];
afterAll(() => {
  for (const connection of connections) connection.disconnect();
});
/** As on two servers. */
const limits = connections.map((connection) => new SignInLimits(connection, 0));

const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'in',
    (error: unknown) => (error instanceof ChatError ? error.code : String(error)),
  );

/** So many log-ins for one name at once, half of them on each server. @returns what became of them, by how often */
async function logIns(username: string, count: number, logIn: () => Promise<unknown>): Promise<Record<string, number>> {
  const attempts = Array.from({ length: count }, (_, index) =>
    codeOf(limits[index % 2]?.guardLogIn(username, logIn) ?? logIn()),
  );
  const counts: Record<string, number> = {};
  for (const code of await Promise.all(attempts)) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

const wrong = () => Promise.reject(new ChatError('UNAUTHENTICATED'));
const right = () => Promise.resolve();

test('wrong passwords that come at once are tried no more often than one after the other', async () => {
  expect(await logIns('ada', 60, wrong)).toEqual({ UNAUTHENTICATED: 10, RATE_LIMITED: 50 });
  expect(await logIns('ADA', 1, right)).toEqual({ RATE_LIMITED: 1 });
  expect(await logIns('bo', 1, right)).toEqual({ in: 1 });
});

test('right ones, and those that could not be checked, do not count', async () => {
  for (let round = 0; round < 3; round += 1) expect(await logIns('cy', 10, right)).toEqual({ in: 10 });
  const away = () => Promise.reject(new Error('the store is away'));
  expect(await logIns('cy', 10, away)).toEqual({ 'Error: the store is away': 10 });
  await logIns('cy', 30, right);
  expect(await logIns('cy', 1, right)).toEqual({ in: 1 });
});
