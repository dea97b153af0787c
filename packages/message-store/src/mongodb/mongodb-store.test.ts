import { silentLogger } from '@parley/service-kit';
import { describeWithMongodb, newMongodb } from '@parley/testing';
import { storeContract } from '../store.contract.ts';
import { openMongodbStore } from './open-mongodb-store.ts';

describeWithMongodb('the MongoDB store', await newMongodb(), (url) => {
  storeContract(() => openMongodbStore({ url, logger: silentLogger() }));
});
