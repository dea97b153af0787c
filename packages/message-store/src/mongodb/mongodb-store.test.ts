import { expect, test } from '@jest/globals';
import { silentLogger } from '@parley/service-kit';
import { describeWithMongodb, newMongodb, WITHOUT_STORE_DEADLINES } from '@parley/testing';
import { storeContract } from '../store.contract.ts';
import { openMongodbStore } from './open-mongodb-store.ts';

describeWithMongodb('the MongoDB store', await newMongodb(), (url) => {
  storeContract(() => openMongodbStore({ url, logger: silentLogger(), ...WITHOUT_STORE_DEADLINES }));
});

describeWithMongodb('a new MongoDB store', await newMongodb(), (url) => {
  test('is empty', async () => {
    const store = await openMongodbStore({ url, logger: silentLogger(), ...WITHOUT_STORE_DEADLINES });
    expect(await store.messages.isEmpty()).toBe(true);
    await store.close();
  });
});
