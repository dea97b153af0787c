import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { closeServer, createMetrics, listen, portOf, Readiness, silentLogger } from '@parley/service-kit';
import { callRestOnce } from '@parley/testing';
import { Router } from 'express';
import { Redis } from 'ioredis';
import { AccessTokens } from '../accounts/access-tokens.ts';
import { ClientAddresses } from '../client-address.ts';
import { HostCpuUsage } from '../host-cpu-usage.ts';
import { createPacers } from '../limits/pacers.ts';
import { RateLimit } from '../limits/rate-limit.ts';
import { CHAT_SERVER_METRICS, type LimitRule } from '../metrics.ts';
import { createRestApp } from './rest-app.ts';

const readiness = new Readiness();
let failure: string | undefined;
readiness.require('store', () => {
  if (failure) throw new Error(failure);
});

let restriction: string | undefined;
readiness.restrict('redis memory', () => restriction);

const metrics = createMetrics(CHAT_SERVER_METRICS, 'chat-server-1');
const redis = new Redis({ lazyConnect: true });
const unlimited = (rule: LimitRule) => new RateLimit({ rule, limit: 0, seconds: 60, redis, metrics });

const server = createServer(
  createRestApp({
    accountRoutes: Router(),
    userRoutes: Router(),
    conversationRoutes: Router(),
    messageRoutes: Router(),
    searchRoutes: Router(),
    tokens: new AccessTokens({ secret: 's'.repeat(32), ttlMs: 900_000 }),
    addresses: new ClientAddresses([]),
    limits: { requests: unlimited('request'), requestsOfAddress: unlimited('request-address') },
    pacers: createPacers(metrics, new HostCpuUsage()),
    allowedOrigins: [],
    isolation: { refuses: async () => false },
    readiness,
    metrics,
    logger: silentLogger(),
  }),
);
beforeAll(() => listen(server, 0, '127.0.0.1'));
afterAll(() => closeServer(server));

async function readyz() {
  const { status, body } = await callRestOnce(`http://127.0.0.1:${portOf(server)}`, 'GET', '/readyz');
  return { status, body };
}

test('the public /readyz reports its status and never a reason', async () => {
  expect(await readyz()).toEqual({ status: 200, body: { status: 'ready' } });
  failure = 'connect ECONNREFUSED 10.0.0.7:27017';
  expect(await readyz()).toEqual({ status: 503, body: { status: 'unavailable' } });
  failure = undefined;
  expect(await readyz()).toEqual({ status: 200, body: { status: 'ready' } });
});

test('a server with a restriction is degraded and still takes traffic; without a store it is unavailable', async () => {
  restriction = 'Redis uses 95 % of 40 MB';
  expect(await readyz()).toEqual({ status: 200, body: { status: 'degraded' } });
  failure = 'connect ECONNREFUSED 10.0.0.7:27017';
  expect(await readyz()).toEqual({ status: 503, body: { status: 'unavailable' } });
  failure = undefined;
  restriction = undefined;
  expect(await readyz()).toEqual({ status: 200, body: { status: 'ready' } });
});

test('a draining server is unavailable, although every check passes', async () => {
  readiness.drain();
  expect(await readyz()).toEqual({ status: 503, body: { status: 'unavailable' } });
});
