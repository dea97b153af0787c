import { expect, test } from '@jest/globals';
import { parseRedisUrl } from './redis-url.ts';

const endpoint = (host: string, port: number) => ({ host, port });

test.each([
  ['redis://redis', { kind: 'single', endpoints: [endpoint('redis', 6379)], isTls: false, database: 0 }],
  ['rediss://10.0.0.1:7000/3', { endpoints: [endpoint('10.0.0.1', 7000)], isTls: true, database: 3 }],
  ['redis://[::1]:7000', { endpoints: [endpoint('::1', 7000)] }],
  ['redis://:@host', { username: undefined, password: undefined }],
  ['redis://ada:p%40ss%2Fw%3Ard@host', { username: 'ada', password: 'p@ss/w:rd', endpoints: [endpoint('host', 6379)] }],
  ['redis://:secret@host', { username: undefined, password: 'secret' }],
  [
    'redis+sentinel://a,b:26380/main',
    { kind: 'sentinel', endpoints: [endpoint('a', 26379), endpoint('b', 26380)], masterName: 'main' },
  ],
  ['redis+sentinel://a', { masterName: 'mymaster' }],
  [
    'rediss+sentinel://ada:pass%2C1@a:1,b:2/main',
    { isTls: true, username: 'ada', password: 'pass,1', endpoints: [endpoint('a', 1), endpoint('b', 2)] },
  ],
  [
    'rediss+cluster://:secret@a:1,b',
    { kind: 'cluster', isTls: true, password: 'secret', endpoints: [endpoint('a', 1), endpoint('b', 6379)] },
  ],
])('%s is valid', (url, target) => {
  expect(parseRedisUrl(url)).toMatchObject(target);
});

test.each([
  'localhost:6379',
  'redis:host',
  'redis://',
  'redis://:6379',
  'redis://host:port',
  'redis://host:0',
  'redis://host:65536',
  'redis://host:99999999',
  'redis://a:1,b:2',
  'redis://host:1/two',
  'redis://host?db=1',
  'redis://ada@host',
  'redis://ada:@host',
  'redis://ada:%zz@host',
  'redis+sentinel://a:1,,b:2/main',
  'redis+sentinel://a:1,b:x/main',
  'redis+sentinel://a:1/main/2',
  'redis+cluster://a:1,b:2/1',
  'redis+sentinels://a:1',
])('%s is not valid', (url) => {
  expect(parseRedisUrl(url)).toBeUndefined();
});
