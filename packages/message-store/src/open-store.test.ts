import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { silentLogger } from '@parley/service-kit';
import { describeWithMongodb, newMongodb, newTemporaryDirectory } from '@parley/testing';
import { openStore } from './open-store.ts';

const parent = await newTemporaryDirectory();

test('opens SQLite in the data directory, which it makes, where no MongoDB is given', async () => {
  const dataDir = join(parent, 'not', 'there', 'yet');
  const store = await openStore({ mongodbUrl: undefined, dataDir, logger: silentLogger() });
  await store.ping();
  expect(existsSync(join(dataDir, 'history.sqlite'))).toBe(true);
  await store.close();
});

describeWithMongodb('with the URL of a MongoDB', await newMongodb(), (mongodbUrl) => {
  test('opens that, and no file', async () => {
    const dataDir = join(parent, 'unused');
    const store = await openStore({ mongodbUrl, dataDir, logger: silentLogger() });
    await store.ping();
    expect(existsSync(dataDir)).toBe(false);
    await store.close();
  });
});
