import type { ClientMessageId, UserId } from '@parley/protocol';
import type { OutboxMessage } from '../outbox-message.ts';
import { type Database, keysUnder, type ObjectStore, openDatabase, transact } from './indexed-db.ts';
import { MemoryOutboxStorage } from './memory-outbox-storage.ts';
import type { OutboxStorage } from './outbox-storage.ts';

const DATABASE = 'parley-outbox';
const STORE = 'messages';

/**
 * Keeps messages in the browser, through reloads and crashes, for all tabs of the origin. Where the browser lets no page keep
 * anything, as some do in private windows, they are kept as long as the page lives.
 */
export class IndexedDbOutboxStorage implements OutboxStorage {
  readonly #name: string;
  readonly #fallback = new MemoryOutboxStorage();
  #database: Promise<Database | undefined> | undefined;

  constructor(name = DATABASE) {
    this.#name = name;
  }

  async load(userId: UserId): Promise<readonly OutboxMessage[]> {
    const database = await this.#open();
    if (!database) return this.#fallback.load(userId);
    const records = await transact(database, STORE, 'readonly', (store) => store.getAll(keysUnder(userId)));
    return (records as { message: OutboxMessage }[]).map(({ message }) => message);
  }

  put(userId: UserId, message: OutboxMessage): Promise<void> {
    const { clientMessageId } = message;
    return this.#write(
      (store) => store.put({ userId, clientMessageId, message }),
      () => this.#fallback.put(userId, message),
    );
  }

  delete(userId: UserId, clientMessageId: ClientMessageId): Promise<void> {
    return this.#write(
      (store) => store.delete([userId, clientMessageId]),
      () => this.#fallback.delete(userId, clientMessageId),
    );
  }

  async #write(run: (store: ObjectStore) => ReturnType<ObjectStore['put']>, fallBack: () => Promise<void>) {
    const database = await this.#open();
    if (!database) return fallBack();
    await transact(database, STORE, 'readwrite', run);
  }

  #open(): Promise<Database | undefined> {
    this.#database ??= openDatabase(this.#name, STORE, ['userId', 'clientMessageId']).then(
      (database) => {
        const forget = () => {
          this.#database = undefined;
        };
        database.onclose = forget;
        // A newer release of the page wants to change the database: it must not wait for this tab.
        database.onversionchange = () => {
          forget();
          database.close();
        };
        return database;
      },
      () => undefined,
    );
    return this.#database;
  }
}

/** Returns IndexedDB storage in a browser, and memory storage elsewhere. */
export const defaultOutboxStorage = (): OutboxStorage =>
  'indexedDB' in globalThis ? new IndexedDbOutboxStorage() : new MemoryOutboxStorage();
