import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';
import { closeServer, listen } from '@parley/service-kit';
import { freePort } from '@parley/testing';
import { chooseInternalPorts, publicHosts, requireFreePort } from './ports.ts';

test('the error for a taken port names the variable to change', async () => {
  const server = createServer();
  const port = await freePort();
  await listen(server, port, '127.0.0.1');
  await expect(requireFreePort(port, ['127.0.0.1'])).rejects.toThrow(
    `PORT is "${port}": the port is taken; set PORT to a free one`,
  );
  await closeServer(server);
  await expect(requireFreePort(port, ['127.0.0.1'])).resolves.toBeUndefined();
});

test('a port that browsers refuse is refused', async () => {
  await expect(requireFreePort(6_000, ['127.0.0.1'])).rejects.toThrow('PORT is "6000": browsers refuse this port');
  await expect(requireFreePort(10_080, ['127.0.0.1'])).rejects.toThrow('set PORT to another one');
});

test('the error for an address of another machine names the variable to change', async () => {
  await expect(requireFreePort(0, ['192.0.2.1'])).rejects.toThrow('BIND_ADDRESS is "192.0.2.1"');
});

test('the loopback addresses are always opened, and a given address in addition', async () => {
  expect(await publicHosts('localhost')).toContain('127.0.0.1');
  expect(await publicHosts('192.0.2.1')).toEqual([...(await publicHosts('localhost')), '192.0.2.1']);
  expect(await publicHosts('0.0.0.0')).toEqual(['0.0.0.0']);
});

test('internal ports are distinct and free', async () => {
  const ports = await chooseInternalPorts(50);
  expect(new Set(ports).size).toBe(50);
  const outcomes = await Promise.allSettled(ports.map((port) => requireFreePort(port, ['127.0.0.1'])));
  // Another cluster may have taken a few of them since. If this process still held them, none would be free.
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(25);
});
