import type { OutboxStorage } from './outbox-storage.ts';
import { IndexedDbOutboxStorage } from './outbox-storage-indexed-db.ts';
import { MemoryOutboxStorage } from './outbox-storage-memory.ts';

/** IndexedDB where there is one, as in browsers; otherwise memory, which ends with the process. */
export const defaultOutboxStorage = (): OutboxStorage =>
  'indexedDB' in globalThis ? new IndexedDbOutboxStorage() : new MemoryOutboxStorage();
