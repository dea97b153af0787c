/**
 * As much of the browser's IndexedDB as is used here. The compiler knows browsers' own types only where it also takes
 * `window` for a thing that servers have.
 */
export interface Database {
  transaction(store: string, mode: 'readonly' | 'readwrite', options: { durability: 'relaxed' }): Transaction;
  createObjectStore(name: string, options: { keyPath: readonly string[] }): unknown;
  close(): void;
  onclose: (() => void) | null;
  onversionchange: (() => void) | null;
}

export interface ObjectStore {
  put(value: unknown): Request<unknown>;
  delete(key: readonly string[]): Request<unknown>;
  getAll(range: unknown): Request<unknown[]>;
}

interface Transaction {
  objectStore(name: string): ObjectStore;
  readonly error: Error | null;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
}

interface Request<T> {
  readonly result: T;
  readonly error: Error | null;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}

interface OpenRequest extends Request<Database> {
  onupgradeneeded: (() => void) | null;
}

interface Browser {
  readonly indexedDB: { open(name: string, version: number): OpenRequest };
  readonly IDBKeyRange: { bound(lower: readonly unknown[], upper: readonly unknown[]): unknown };
}

const browser = globalThis as unknown as Browser;

/** Opens a database of one object store, and creates it where it is not there. */
export function openDatabase(name: string, store: string, keyPath: readonly string[]): Promise<Database> {
  return new Promise((resolve, reject) => {
    const request = browser.indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(store, { keyPath });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Runs one request in a transaction of its own; resolves when that is committed: it outlives the browser then, though not
 * always a power cut, for which every message would wait for the disk.
 */
export function transact<T>(
  database: Database,
  store: string,
  mode: 'readonly' | 'readwrite',
  run: (store: ObjectStore) => Request<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode, { durability: 'relaxed' });
    const request = run(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? request.error);
  });
}

/** The keys that begin with this part. */
export const keysUnder = (part: string): unknown => browser.IDBKeyRange.bound([part], [part, []]);
