import type { ClientMessageId, UserId } from '@parley/protocol';
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { OutboxMessage } from '../outbox-message.ts';
import { MemoryOutboxStorage } from './memory-outbox-storage.ts';
import type { OutboxStorage } from './outbox-storage.ts';

const DATABASE = 'parley-outbox';
const STORE = 'messages';

interface OutboxRecord {
  readonly userId: UserId;
  readonly clientMessageId: ClientMessageId;
  readonly message: OutboxMessage;
}

interface OutboxSchema extends DBSchema {
  [STORE]: { key: [UserId, ClientMessageId]; value: OutboxRecord };
}

/** Declared here because the servers' compiler options exclude browser types. */
declare const IDBKeyRange: { bound(lower: readonly unknown[], upper: readonly unknown[]): KeyRange };
type KeyRange = Parameters<IDBPDatabase<OutboxSchema>['getAll']>[1];

/**
 * Stores outbox messages in the browser's IndexedDB. All tabs of an origin share them, and they survive a reload or a crash
 * of the browser. If the browser denies storage, as some do in private windows, the messages stay in memory for the
 * lifetime of the page.
 */
export class IndexedDbOutboxStorage implements OutboxStorage {
  readonly #name: string;
  readonly #fallback = new MemoryOutboxStorage();
  #database: Promise<IDBPDatabase<OutboxSchema> | undefined> | undefined;

  constructor(name = DATABASE) {
    this.#name = name;
  }

  async load(userId: UserId): Promise<readonly OutboxMessage[]> {
    const database = await this.#open();
    if (!database) return this.#fallback.load(userId);
    // An array sorts after every string, so the range holds all keys that start with this user id.
    const keysOfUser = IDBKeyRange.bound([userId], [userId, []]);
    const records = await database.getAll(STORE, keysOfUser);
    return records.map(({ message }) => message);
  }

  async put(userId: UserId, message: OutboxMessage): Promise<void> {
    const database = await this.#open();
    if (!database) return this.#fallback.put(userId, message);
    const { clientMessageId } = message;
    const { store, done } = beginWrite(database);
    await Promise.all([store.put({ userId, clientMessageId, message }), done]);
  }

  async delete(userId: UserId, clientMessageId: ClientMessageId): Promise<void> {
    const database = await this.#open();
    if (!database) return this.#fallback.delete(userId, clientMessageId);
    const { store, done } = beginWrite(database);
    await Promise.all([store.delete([userId, clientMessageId]), done]);
  }

  /** Opens the database once and keeps it open. */
  #open(): Promise<IDBPDatabase<OutboxSchema> | undefined> {
    this.#database ??= this.#openOnce();
    return this.#database;
  }

  /** @returns undefined if the browser denies storage */
  async #openOnce(): Promise<IDBPDatabase<OutboxSchema> | undefined> {
    const reopenOnNextUse = () => {
      this.#database = undefined;
    };
    try {
      const database = await openDB<OutboxSchema>(this.#name, 1, {
        upgrade: (created) => void created.createObjectStore(STORE, { keyPath: ['userId', 'clientMessageId'] }),
        // A tab with a newer release needs to upgrade the database and waits until every other tab has closed it.
        blocking: () => {
          reopenOnNextUse();
          database.close();
        },
        terminated: reopenOnNextUse,
      });
      return database;
    } catch {
      return undefined;
    }
  }
}

/**
 * Starts a transaction for one write. With relaxed durability a committed write survives a crash of the browser but
 * possibly not a power failure. Strict durability would make every message wait for the disk.
 */
const beginWrite = (database: IDBPDatabase<OutboxSchema>) =>
  database.transaction(STORE, 'readwrite', { durability: 'relaxed' });

/** Returns IndexedDB storage in a browser, and memory storage elsewhere. */
export const defaultOutboxStorage = (): OutboxStorage =>
  'indexedDB' in globalThis ? new IndexedDbOutboxStorage() : new MemoryOutboxStorage();
