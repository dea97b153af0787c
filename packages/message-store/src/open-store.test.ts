import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { silentLogger } from '@parley/service-kit';
import { describeWithMongodb, newMongodb, newTemporaryDirectory } from '@parley/testing';
import { openStore } from './open-store.ts';

const parent = await newTemporaryDirectory();

test('without a MongoDB URL it opens SQLite and creates the data directory', async () => {
  const dataDir = join(parent, 'not', 'there', 'yet');
  const store = await openStore({ mongodbUrl: undefined, dataDir, logger: silentLogger() });
  await store.ping();
  expect(existsSync(join(dataDir, 'history.sqlite'))).toBe(true);
  await store.close();
});

describeWithMongodb('with the URL of a MongoDB', await newMongodb(), (mongodbUrl) => {
  test('opens MongoDB and creates no file', async () => {
    const dataDir = join(parent, 'unused');
    const store = await openStore({ mongodbUrl, dataDir, logger: silentLogger() });
    await store.ping();
    expect(existsSync(dataDir)).toBe(false);
    await store.close();
  });
});
