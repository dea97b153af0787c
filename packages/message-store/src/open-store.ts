import type { Logger } from '@parley/service-kit';
import { openMongodbStore } from './mongodb/open-mongodb-store.ts';
import { openSqliteStore } from './sqlite/open-sqlite-store.ts';
import type { Store } from './store.ts';

/**
 * Opens the store of the cluster: MongoDB where a URL is given, otherwise the embedded SQLite in `<dataDir>/history.sqlite`.
 *
 * @throws StoreUnavailable when it can't be opened in time; opening may be tried again
 */
export function openStore(options: {
  mongodbUrl?: string | undefined;
  dataDir: string;
  logger: Logger;
}): Promise<Store> {
  const { mongodbUrl, dataDir, logger } = options;
  return mongodbUrl ? openMongodbStore({ url: mongodbUrl, logger }) : openSqliteStore({ dataDir, logger });
}
