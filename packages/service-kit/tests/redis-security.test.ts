import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, test } from '@jest/globals';
import {
  newRedisCluster,
  newRedisSentinel,
  newSecuredRedis,
  newTemporaryDirectory,
  newTlsCertificate,
} from '@parley/testing';
import { type RedisRole, redisUnavailableReason } from '../src/redis.ts';
import { connect } from './failover-load.ts';

const tls = await newTlsCertificate(await newTemporaryDirectory());
setDefaultCACertificates([...getCACertificates('default'), tls.certificate]);
const secured = { username: 'ada', password: 'p@ss/wo:rd', tls };

const urls: [string, string][] = [
  ['a single Redis', (await newSecuredRedis(secured)).url],
  ['a Sentinel set without a password', (await newRedisSentinel(secured)).url],
  [
    'a Sentinel set with the same password',
    (await newRedisSentinel({ ...secured, sentinelPassword: secured.password })).url,
  ],
  ['a Cluster', (await newRedisCluster(secured)).url],
];
const roles: RedisRole[] = ['command', 'blocking', 'no-deadline'];

test.each(urls)('user, password and TLS in the URL work for %s', async (_name, url) => {
  expect(url).toMatch(/^rediss.*\/\/ada:p%40/);
  expect(await redisUnavailableReason(url, 60_000)).toBeUndefined();
  for (const role of roles) {
    const connection = await connect(url, role);
    expect(await connection.ping()).toBe('PONG');
  }
  const command = await connect(url, 'command');
  expect(await command.set('key', 'value')).toBe('OK');
  expect(await command.get('key')).toBe('value');
});

test.each(urls)('a wrong password is the reason that %s is unavailable', async (_name, url) => {
  const reason = await redisUnavailableReason(url.replace('p%40ss', 'wrong'), 2_000);
  expect(reason).toMatch(/WRONGPASS|NOAUTH|WRONG/);
});
