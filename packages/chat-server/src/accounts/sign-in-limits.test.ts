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
/** One for each of two servers. */
const limits = connections.map((connection) => new SignInLimits(connection, 0));

const codeOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'logged in',
    (error: unknown) => (error instanceof ChatError ? error.code : String(error)),
  );

/** Logs in `count` times in parallel, half of them on each server. @returns the number of attempts by outcome */
async function logIns(username: string, count: number, logIn: () => Promise<unknown>): Promise<Record<string, number>> {
  const attempts = Array.from({ length: count }, (_, index) =>
    codeOf(limits[index % 2]?.limitLogIn(username, logIn) ?? logIn()),
  );
  const counts: Record<string, number> = {};
  for (const code of await Promise.all(attempts)) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

const wrong = () => Promise.reject(new ChatError('UNAUTHENTICATED'));
const right = () => Promise.resolve();

test('parallel attempts with wrong passwords cannot exceed the limit', async () => {
  expect(await logIns('ada', 60, wrong)).toEqual({ UNAUTHENTICATED: 10, RATE_LIMITED: 50 });
  expect(await logIns('ADA', 1, right)).toEqual({ RATE_LIMITED: 1 });
  expect(await logIns('bo', 1, right)).toEqual({ 'logged in': 1 });
});

test('successful logins and logins that could not be checked do not count', async () => {
  for (let round = 0; round < 3; round += 1) expect(await logIns('cy', 10, right)).toEqual({ 'logged in': 10 });
  const unavailable = () => Promise.reject(new Error('the store is unavailable'));
  expect(await logIns('cy', 10, unavailable)).toEqual({ 'Error: the store is unavailable': 10 });
  await logIns('cy', 30, right);
  expect(await logIns('cy', 1, right)).toEqual({ 'logged in': 1 });
});
