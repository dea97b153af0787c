import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, readConfig } from './config.ts';
import { describeSettings, integerSetting } from './setting.ts';
import {
  allowedOriginsSetting,
  allowGuestsSetting,
  jwtSecretSetting,
  mongodbUrlSetting,
  redisUrlSetting,
} from './shared-settings.ts';

const Settings = z.object({
  PORT: integerSetting({ section: 'Local cluster', min: 1, max: 65_535, default: 8080, meaning: 'Public port.' }),
  ALLOW_GUESTS: allowGuestsSetting(true),
  REDIS_URL: redisUrlSetting.optional(),
  JWT_SECRET: jwtSecretSetting().optional(),
});

describe('readConfig', () => {
  test('uses the default of an unset or empty variable and returns a frozen object', () => {
    const config = readConfig(Settings, { PORT: '' });
    expect(config).toEqual({ PORT: 8080, ALLOW_GUESTS: true });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test.each([
    [{ PORT: '70000' }, 'PORT is "70000"; allowed: a whole number from 1 to 65535'],
    [{ PORT: '80a' }, 'PORT is "80a"; allowed: a whole number from 1 to 65535'],
    [{ PORT: '-1' }, 'PORT is "-1"; allowed: a whole number from 1 to 65535'],
    [{ ALLOW_GUESTS: 'yes' }, 'ALLOW_GUESTS is "yes"; allowed: true or false'],
    [
      { JWT_SECRET: 'short' },
      'JWT_SECRET is (hidden); allowed: at least 32 characters, or two such secrets separated by a comma',
    ],
  ])('names the variable, its value and the allowed values of %j in one line', (env, line) => {
    expect(() => readConfig(Settings, env)).toThrow(new ConfigError(line));
  });

  test.each([
    ['REDIS_URL', 'redis//ada:secret@host:6379', '…@host:6379'],
    ['REDIS_URL', 'http://ada:secret@host:6379', 'http://…@host:6379'],
    ['REDIS_URL', 'redi://:se/cr@et@host', 'redi://…@host'],
    ['REDIS_URL', 'ada:secret@host:6379', '…@host:6379'],
    ['REDIS_URL', 'redis://ada:secret@host:99999', 'redis://…@host:99999'],
    ['REDIS_URL', 'redis://ada:secret@host:port', 'redis://…@host:port'],
    ['REDIS_URL', 'redis+sentinel://ada:secret@a:1,b:x/main', 'redis+sentinel://…@a:1,b:x/main'],
    ['MONGODB_URL', '//ada:secret@a,b/parley', '//…@a,b/parley'],
    ['MONGODB_URL', 'mongo://ada:secret@a:1,b:2/parley', 'mongo://…@a:1,b:2/parley'],
  ])('masks user and password in an invalid %s of %s', (name, value, shown) => {
    const settings = z.object({ REDIS_URL: redisUrlSetting.optional(), MONGODB_URL: mongodbUrlSetting.optional() });
    expect(() => readConfig(settings, { [name]: value })).toThrow(
      `${name} is ${JSON.stringify(shown)}; allowed: a URL`,
    );
  });

  test('gives an example of an allowed URL', () => {
    expect(() => readConfig(Settings, { REDIS_URL: 'localhost' })).toThrow(
      /REDIS_URL is "localhost"; allowed: a URL such as redis:/,
    );
  });
});

describe('describeSettings', () => {
  test('lists documentation, default and whether a value is required, including optional settings', () => {
    const rows = describeSettings(
      Settings.extend({ REDIS_URL: redisUrlSetting, ALLOWED_ORIGINS: allowedOriginsSetting.default([]) }),
    );
    expect(rows.map(({ name, default: fallback, isRequired }) => [name, fallback, isRequired])).toEqual([
      ['PORT', '8080', false],
      ['ALLOW_GUESTS', 'true', false],
      ['REDIS_URL', undefined, true],
      ['JWT_SECRET', undefined, false],
      ['ALLOWED_ORIGINS', undefined, false],
    ]);
    expect(rows[0]).toMatchObject({ meaning: 'Public port.', allowed: 'a whole number from 1 to 65535' });
    expect(rows.every(({ meaning }) => meaning.length > 0)).toBe(true);
  });

  test('refuses a setting without documentation', () => {
    expect(() => describeSettings(z.object({ PORT: z.string() }))).toThrow('the setting PORT has no documentation');
  });
});
