import { expect, test } from '@jest/globals';
import { callRest, eventually } from '@parley/testing';
import { sharedCluster } from './shared-cluster.ts';

const cluster = await sharedCluster();

test('health and readiness are public, and metrics are not', async () => {
  expect((await callRest(cluster.url, 'GET', '/healthz')).body).toEqual({ status: 'ok' });
  await eventually(async () =>
    expect((await callRest(cluster.url, 'GET', '/readyz')).body).toEqual({ status: 'ready' }),
  );
  expect((await callRest(cluster.url, 'GET', '/metrics')).status).toBe(404);
});

test('every Node process serves health and metrics on its own port', async () => {
  const services = cluster.processes().filter(({ metricsPort }) => metricsPort !== null);
  expect(services.map(({ name }) => name).sort()).toEqual([
    ...['chat-server-1', 'chat-server-2', 'message-worker-1', 'presence-service-1'],
  ]);
  for (const { name, metricsPort } of services) {
    const base = `http://127.0.0.1:${metricsPort}`;
    expect((await callRest(base, 'GET', '/healthz')).status).toBe(200);
    await eventually(async () => expect((await callRest(base, 'GET', '/readyz')).status).toBe(200));
    const metrics = await callRest<string>(base, 'GET', '/metrics');
    expect(metrics.body).toContain(`node="${name}"`);
    expect(metrics.body).toMatch(/^chat_/m);
  }
});

test('the page has a strict content security policy, and the API references are served', async () => {
  const index = await callRest<string>(cluster.url, 'GET', '/');
  expect(index.status).toBe(200);
  expect(index.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect(index.body).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
  expect((await callRest<{ openapi: string }>(cluster.url, 'GET', '/docs/openapi.json')).body.openapi).toMatch(/^3\.1/);
  expect((await callRest<{ asyncapi: string }>(cluster.url, 'GET', '/docs/asyncapi.json')).body.asyncapi).toMatch(/^3/);
  expect((await callRest<string>(cluster.url, 'GET', '/docs/')).body).toContain('<html');
});
