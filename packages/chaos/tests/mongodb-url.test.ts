import { expect, test } from '@jest/globals';
import { singleHostOf } from '../src/faults/mongodb-url.ts';

test.each([
  ['mongodb://host', 'host:27017', 'mongodb://link:1/?directConnection=true'],
  ['mongodb://host:5/chat', 'host:5', 'mongodb://link:1/chat?directConnection=true'],
  ['mongodb://[::1]:5/chat', '[::1]:5', 'mongodb://link:1/chat?directConnection=true'],
  ['mongodb://ada:p%2Fw@host/?tls=false', 'host:27017', 'mongodb://ada:p%2Fw@link:1/?tls=false&directConnection=true'],
  [
    'mongodb://host/chat?replicaSet=rs0&directConnection=false',
    'host:27017',
    'mongodb://link:1/chat?replicaSet=rs0&directConnection=true',
  ],
])('a link can replace the host of %s', (url, address, through) => {
  const host = singleHostOf(url);
  expect(host?.address).toBe(address);
  expect(host?.urlAt('link:1')).toBe(through);
});

test.each([
  'mongodb://a,b/chat',
  'mongodb://ada:pw@a:1,b:2/?replicaSet=rs0',
  'mongodb+srv://host/chat',
  'mongodb://%2Ftmp%2Fmongodb.sock/chat',
  'mongodb://host/chat?retryWrites=false&tls=true',
  'mongodb://host/chat?ssl=true',
])('a link cannot replace the host of %s', (url) => {
  expect(singleHostOf(url)).toBeUndefined();
});
