import { describe } from '@jest/globals';
import { silentLogger } from '@parley/service-kit';
import { newTemporaryDirectory } from '@parley/testing';
import { storeContract } from '../store.contract.ts';
import { openSqliteStore } from './open-sqlite-store.ts';

const dataDir = await newTemporaryDirectory();

describe('the SQLite store', () => {
  storeContract(() => openSqliteStore({ dataDir, logger: silentLogger() }));
});
