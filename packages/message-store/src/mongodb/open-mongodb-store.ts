import { DeadlineExceeded, type Logger, withDeadline } from '@parley/service-kit';
import { startIndexer } from '../indexer.ts';
import { type Store, StoreUnavailable } from '../store.ts';
import { connect } from './connect.ts';
import { createConversationStore } from './conversations.ts';
import { DEADLINE_MS } from './deadlines.ts';
import { isUnavailable } from './errors.ts';
import { createLastSeenStore, createMarkerStore } from './markers.ts';
import { createMessageIndex } from './message-search.ts';
import { createMessageStore } from './messages.ts';
import { migrate } from './migrations.ts';
import { createRefreshTokenStore } from './refresh-tokens.ts';
import { createUserStore } from './users.ts';

const OPEN_DEADLINE_MS = 30_000;
const CLOSE_DEADLINE_MS = 5_000;

export interface OpenMongodbStoreOptions {
  /** `mongodb://` or `mongodb+srv://`. The path names the database; the default is `parley`. */
  url: string;
  logger: Logger;
  /** The longest duration of a call. The default is 5,000. */
  deadlineMs?: number;
}

/**
 * Opens the store in MongoDB, with majority reads and journalled majority writes regardless of the URL's options.
 *
 * @throws StoreUnavailable if the server does not answer in time
 */
export async function openMongodbStore(options: OpenMongodbStoreOptions): Promise<Store> {
  const { url, logger, deadlineMs = DEADLINE_MS } = options;
  const { client, database } = connect(url, deadlineMs);
  const index = createMessageIndex(database);
  const indexer = startIndexer((maxMessages) => index.indexBacklog(maxMessages), logger);

  const close = async () => {
    await indexer.stop();
    try {
      await withDeadline(client.close(), CLOSE_DEADLINE_MS, 'closing the MongoDB client');
    } catch (error) {
      logger.warn({ err: error }, 'the MongoDB client did not close in time');
    }
  };

  try {
    await withDeadline(migrate(database), OPEN_DEADLINE_MS, 'opening the store in MongoDB');
    if (await withDeadline(index.hasBacklog(), OPEN_DEADLINE_MS, 'opening the store in MongoDB')) indexer.wake();
  } catch (error) {
    await close();
    throw translated(error);
  }

  return {
    messages: withDeadlines(createMessageStore(database, index), deadlineMs),
    users: withDeadlines(createUserStore(database), deadlineMs),
    conversations: withDeadlines(createConversationStore(database), deadlineMs),
    refreshTokens: withDeadlines(createRefreshTokenStore(database), deadlineMs),
    markers: withDeadlines(createMarkerStore(database), deadlineMs),
    lastSeen: withDeadlines(createLastSeenStore(database), deadlineMs),
    ...withDeadlines({ ping: async () => void (await database.command({ ping: 1 })) }, deadlineMs),
    close,
  };
}

const translated = (error: unknown): unknown =>
  isUnavailable(error) || error instanceof DeadlineExceeded
    ? new StoreUnavailable((error as Error).message, { cause: error })
    : error;

type Method = (...args: never[]) => Promise<unknown>;

/** Gives each method a deadline, and translates outages of the driver into `StoreUnavailable`. */
function withDeadlines<T extends object>(methods: T, deadlineMs: number): T {
  const entries = Object.entries(methods as Record<string, Method>).map(([name, method]) => {
    const limited: Method = async (...args) => {
      try {
        return await withDeadline(method(...args), deadlineMs, name);
      } catch (error) {
        throw translated(error);
      }
    };
    return [name, limited] as const;
  });
  return Object.fromEntries(entries) as T;
}
