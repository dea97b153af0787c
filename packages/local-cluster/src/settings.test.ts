import { describe, expect, test } from '@jest/globals';
import { CLIENT_LIMITS } from '@parley/service-kit';
import { readClusterConfig } from './settings.ts';

const LIMITS = [...CLIENT_LIMITS, 'HTTP_CONNECTIONS_PER_ADDRESS', 'HTTP_REQUESTS_PER_SECOND'] as const;
const SECRET = 'a secret of more than thirty-two characters';

describe('settings', () => {
  test('have the documented defaults', () => {
    expect(readClusterConfig({})).toMatchObject({
      ...{ PORT: 8080, NODES: 3, WORKERS: 1, DATA_DIR: '.data', MAX_CLIENTS: 50, MAX_IN_PROCESS: 500 },
      ...{ SESSION_TTL_MS: 15_000, FIRST_MESSAGE_DEADLINE_MS: 60_000, PRESENCE_GRACE_MS: 5_000, ALLOW_GUESTS: true },
      ...{ ACCESS_TOKEN_TTL_MS: 900_000, IDLE_TIMEOUT_MS: 300_000, RESERVED_FOR_ACCOUNTS: 0 },
    });
  });

  test.each([
    [{ PORT: '0' }, 'PORT is "0"; allowed: a whole number from 1 to 65535'],
    [{ NODES: 'three' }, 'NODES is "three"; allowed: a whole number from 1 to 100'],
    [{ MAX_CLIENTS: '-1' }, 'MAX_CLIENTS is "-1"; allowed: a whole number from 0 to 1000000'],
    [{ ACCESS_TOKEN_TTL_MS: '9999' }, 'ACCESS_TOKEN_TTL_MS is "9999"; allowed: a whole number from 10000 to 86400000'],
    [{ ACCESS_TOKEN_TTL_MS: '15m' }, /^ACCESS_TOKEN_TTL_MS is "15m"; allowed: /],
    [{ BIND_ADDRESS: 'here' }, 'BIND_ADDRESS is "here"; allowed: localhost or an IP address of this machine'],
    [{ REDIS_URL: 'localhost' }, /^REDIS_URL is "localhost"; allowed: a URL such as redis:/],
    [{ ALLOW_GUESTS: 'yes' }, 'ALLOW_GUESTS is "yes"; allowed: true or false'],
    [
      { ALLOWED_ORIGINS: 'example.org' },
      'ALLOWED_ORIGINS is "example.org"; allowed: origins such as https://chat.example.org, separated by commas',
    ],
    [
      { JWT_SECRET: 'short' },
      'JWT_SECRET is (hidden); allowed: at least 32 characters, or two such secrets separated by a comma',
    ],
    [{ SIGNUPS_PER_MINUTE: 'x' }, 'SIGNUPS_PER_MINUTE is "x"; allowed: a whole number from 0 to 1000000'],
    [
      { TRUSTED_PROXIES: '10.0.0.1,balancer' },
      /^TRUSTED_PROXIES is "10\.0\.0\.1,balancer"; allowed: IP addresses or networks /,
    ],
    [{ TRUSTED_PROXIES: '0.0.0.0/0' }, /^TRUSTED_PROXIES is "0\.0\.0\.0\/0"; allowed: IP addresses or networks /],
    [{ TRUSTED_PROXIES: '10.0.0.1; }' }, /^TRUSTED_PROXIES is /],
    [{ LOG_PARTITIONS: '0' }, 'LOG_PARTITIONS is "0"; allowed: a whole number from 1 to 64'],
    [
      { LOG_PARTITIONS: '8', MAX_IN_PROCESS: '7' },
      'LOG_PARTITIONS is "8"; allowed: at most MAX_IN_PROCESS, which is 7',
    ],
    [{ RECLAIM_AFTER_MS: '1' }, 'RECLAIM_AFTER_MS is "1"; allowed: a whole number from 500 to 600000'],
    [
      { NODE_ENV: 'production' },
      'JWT_SECRET is not set; allowed: at least 32 characters; a production start needs one',
    ],
  ])(
    'the error for a wrong setting names it, its value and the allowed values: %j',
    (env: NodeJS.ProcessEnv, message) => {
      expect(() => readClusterConfig(env)).toThrow(message);
    },
  );

  test('TRUSTED_PROXIES is a list of addresses and networks', () => {
    const list = ['10.0.0.1', '10.1.0.0/16', '2001:db8::1', '2001:db8::/64'];
    expect(readClusterConfig({ TRUSTED_PROXIES: list.join(', ') }).TRUSTED_PROXIES).toEqual(list);
  });

  test('limits by address and rate are off, except in production', () => {
    const limitsOf = (env: NodeJS.ProcessEnv) => {
      const config = readClusterConfig(env);
      return LIMITS.map((name) => [name, config[name]]);
    };
    expect(limitsOf({})).toEqual(LIMITS.map((name) => [name, name === 'FAILED_LOGINS' ? 10 : 0]));
    for (const [, limit] of limitsOf({ NODE_ENV: 'production', JWT_SECRET: SECRET })) expect(limit).toBeGreaterThan(0);
  });

  test('guests are not allowed in production unless ALLOW_GUESTS says so', () => {
    const production = { NODE_ENV: 'production', JWT_SECRET: SECRET };
    expect(readClusterConfig(production).ALLOW_GUESTS).toBe(false);
    expect(readClusterConfig({ ...production, ALLOW_GUESTS: 'true' }).ALLOW_GUESTS).toBe(true);
  });

  test('in production the rate of messages is limited unless MESSAGES_PER_SECOND says so', () => {
    const production = { NODE_ENV: 'production', JWT_SECRET: SECRET };
    expect(readClusterConfig({}).MESSAGES_PER_SECOND).toBe(0);
    expect(readClusterConfig(production)).toMatchObject({ MESSAGES_PER_SECOND: 20, MESSAGE_BURST: 60 });
    expect(readClusterConfig({ ...production, MESSAGES_PER_SECOND: '0' }).MESSAGES_PER_SECOND).toBe(0);
  });
});
