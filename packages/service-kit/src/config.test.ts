import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { booleanSetting, ConfigError, integerSetting, readConfig, redisUrlSetting } from './config.ts';

const Settings = z.object({
  PORT: integerSetting(1, 65_535, 8080, 'public port'),
  ALLOW_GUESTS: booleanSetting(true, 'guests'),
  REDIS_URL: redisUrlSetting.optional(),
  JWT_SECRET: z.string().min(32, 'at least 32 characters').optional(),
});

describe('readConfig', () => {
  test('gives defaults for what is unset or empty, and a frozen object', () => {
    const config = readConfig(Settings, { PORT: '' });
    expect(config).toEqual({ PORT: 8080, ALLOW_GUESTS: true });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test.each([
    [{ PORT: '70000' }, 'PORT is "70000"; allowed: a whole number from 1 to 65535'],
    [{ PORT: '80a' }, 'PORT is "80a"; allowed: a whole number from 1 to 65535'],
    [{ PORT: '-1' }, 'PORT is "-1"; allowed: a whole number from 1 to 65535'],
    [{ ALLOW_GUESTS: 'yes' }, 'ALLOW_GUESTS is "yes"; allowed: true or false'],
    [{ JWT_SECRET: 'short' }, 'JWT_SECRET is (hidden); allowed: at least 32 characters'],
  ])('says in one line what is wrong with %j', (env, line) => {
    expect(() => readConfig(Settings, env)).toThrow(new ConfigError(line));
  });

  test('names an example of a URL', () => {
    expect(() => readConfig(Settings, { REDIS_URL: 'localhost' })).toThrow(
      /REDIS_URL is "localhost"; allowed: a URL such as redis:/,
    );
  });
});
