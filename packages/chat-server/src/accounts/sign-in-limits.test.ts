import { afterAll, expect, test } from '@jest/globals';
import { ChatError } from '@parley/protocol';
import { connectRedis, createMetrics, readConfig, silentLogger } from '@parley/service-kit';
import { newRedis, withoutCommandDeadline } from '@parley/testing';
import { ChatServerSettings } from '../config.ts';
import { createClientLimits } from '../limits/client-limits.ts';
import { CHAT_SERVER_METRICS } from '../metrics.ts';
import { SignInLimits } from './sign-in-limits.ts';

const server = await newRedis();
const connect = async () =>
  withoutCommandDeadline(
    await connectRedis(server.url, 'command', { logger: silentLogger(), connectionName: 'limits' }),
  );
const connections = [await connect(), await connect()] as const;
afterAll(() => {
  for (const connection of connections) connection.disconnect();
});

/** One for each of two servers. */
function newLimits(settings: Record<string, string> = {}): SignInLimits[] {
  const env = { NODE_NAME: 'chat-server-1', REDIS_URL: server.url, JWT_SECRET: 's'.repeat(32), LOGINS_PER_MINUTE: '0' };
  const config = readConfig(ChatServerSettings, { ...env, ...settings });
  const metrics = createMetrics(CHAT_SERVER_METRICS, 'chat-server-1');
  return connections.map((redis) => new SignInLimits(createClientLimits(config, redis, metrics), redis));
}

const codeOf = (attempt: Promise<unknown> | undefined) =>
  (attempt ?? Promise.reject(new Error('no server'))).then(
    () => 'logged in',
    (error: unknown) => (error instanceof ChatError ? error.code : String(error)),
  );

/** Logs in `count` times in parallel, half of them on each server. @returns the number of attempts by outcome */
async function logIns(
  limits: readonly SignInLimits[],
  who: { name: string; from?: string },
  count: number,
  logIn: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const attempts = Array.from({ length: count }, (_, index) =>
    codeOf(limits[index % 2]?.limit(who.name, who.from ?? HOME, logIn)),
  );
  const counts: Record<string, number> = {};
  for (const code of await Promise.all(attempts)) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

const HOME = '127.0.0.1';
const ATTACKER = '127.0.0.2';
const wrong = () => Promise.reject(new ChatError('UNAUTHENTICATED'));
const right = () => Promise.resolve();

test('parallel attempts with wrong passwords cannot exceed the limit', async () => {
  const limits = newLimits();
  expect(await logIns(limits, { name: 'ada' }, 60, wrong)).toEqual({ UNAUTHENTICATED: 10, RATE_LIMITED: 50 });
  expect(await logIns(limits, { name: 'ADA' }, 1, right)).toEqual({ RATE_LIMITED: 1 });
  expect(await logIns(limits, { name: 'bo' }, 1, right)).toEqual({ 'logged in': 1 });
});

test('wrong passwords from one address do not lock the owner out elsewhere', async () => {
  const limits = newLimits();
  await logIns(limits, { name: 'dan', from: ATTACKER }, 500, wrong);
  expect(await logIns(limits, { name: 'dan', from: ATTACKER }, 1, right)).toEqual({ RATE_LIMITED: 1 });
  expect(await logIns(limits, { name: 'dan', from: HOME }, 1, right)).toEqual({ 'logged in': 1 });
});

test('successful logins and logins that could not be checked do not count', async () => {
  const limits = newLimits();
  for (let round = 0; round < 3; round += 1)
    expect(await logIns(limits, { name: 'cy' }, 10, right)).toEqual({ 'logged in': 10 });
  for (const failure of [new Error('the store is unavailable'), new ChatError('BUSY')]) {
    const unavailable = () => Promise.reject(failure);
    expect(Object.values(await logIns(limits, { name: 'cy' }, 10, unavailable))).toEqual([10]);
  }
  await logIns(limits, { name: 'cy' }, 30, right);
  expect(await logIns(limits, { name: 'cy' }, 1, right)).toEqual({ 'logged in': 1 });
});

test('many addresses together reach the limit of a name; the owner may still log in from a known address', async () => {
  const limits = newLimits({ FAILED_LOGINS_PER_NAME: '50' });
  expect(await logIns(limits, { name: 'eve', from: HOME }, 1, right)).toEqual({ 'logged in': 1 });
  await limits[0]?.learn('Eve', '127.0.0.98'); // the sign-up
  const guesses: Record<string, number> = {};
  for (let address = 2; address < 12; address += 1) {
    const counts = await logIns(limits, { name: 'eve', from: `127.0.0.${address}` }, 10, wrong);
    for (const [code, count] of Object.entries(counts)) guesses[code] = (guesses[code] ?? 0) + count;
  }
  expect(guesses).toEqual({ UNAUTHENTICATED: 50, RATE_LIMITED: 50 });
  expect(await logIns(limits, { name: 'eve', from: '127.0.0.99' }, 1, right)).toEqual({ RATE_LIMITED: 1 });
  expect(await logIns(limits, { name: 'eve', from: HOME }, 3, right)).toEqual({ 'logged in': 3 });
  expect(await logIns(limits, { name: 'eve', from: '127.0.0.98' }, 1, right)).toEqual({ 'logged in': 1 });
  // The guesses of a known address are limited as those of any other.
  expect(await logIns(limits, { name: 'eve', from: HOME }, 30, wrong)).toEqual({
    UNAUTHENTICATED: 10,
    RATE_LIMITED: 20,
  });
});

test('log-ins of one address with random names are limited; those of another address are not', async () => {
  const limits = newLimits({ LOGINS_PER_MINUTE: '20' });
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, (_, index) => codeOf(limits[index % 2]?.limit(`random${index}`, ATTACKER, wrong))),
  );
  expect(outcomes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(80);
  expect(await logIns(limits, { name: 'fay', from: HOME }, 1, right)).toEqual({ 'logged in': 1 });
});
