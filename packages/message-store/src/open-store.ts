import type { Logger } from '@parley/service-kit';
import { openSqliteStore } from './sqlite/open-sqlite-store.ts';
import type { Store } from './store.ts';

/**
 * Opens the store of the cluster: MongoDB if a URL is given, otherwise the embedded SQLite in `<dataDir>/history.sqlite`.
 *
 * @throws StoreUnavailable if it cannot be opened in time; the caller may try again
 */
export async function openStore(options: {
  mongodbUrl?: string | undefined;
  dataDir: string;
  logger: Logger;
}): Promise<Store> {
  const { mongodbUrl, dataDir, logger } = options;
  if (!mongodbUrl) return openSqliteStore({ dataDir, logger });
  // Imported on demand: the driver is a seventh of the code that a chat server loads.
  const { openMongodbStore } = await import('./mongodb/open-mongodb-store.ts');
  return openMongodbStore({ url: mongodbUrl, logger });
}
