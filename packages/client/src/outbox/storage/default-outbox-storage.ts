import type { OutboxStorage } from './outbox-storage.ts';
import { IndexedDbOutboxStorage } from './indexed-db-outbox-storage.ts';
import { MemoryOutboxStorage } from './memory-outbox-storage.ts';

/** IndexedDB where there is one, as in browsers; otherwise memory, which ends with the process. */
export const defaultOutboxStorage = (): OutboxStorage =>
  'indexedDB' in globalThis ? new IndexedDbOutboxStorage() : new MemoryOutboxStorage();
