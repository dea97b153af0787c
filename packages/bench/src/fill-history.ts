import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const BATCH = 50_000;

/** Every second message is in the lobby, the others in channels of 1,000 messages. */
const LOBBY_EVERY = 2;
const CHANNEL_MESSAGES = 1_000;

const TEXT = 'A message of ordinary length, as it is stored many million times to measure page reads at depth';

const FIRST_MS = Date.UTC(2025, 0, 1);

/** Message ids as the chat servers create them: ordered by time. */
const newId = (createdAtMs: number) => `${createdAtMs.toString(36)}${randomBytes(5).toString('hex')}`;

/**
 * Writes messages directly into the embedded store of a stopped cluster: half in the lobby, half in many channels, ordered by time.
 *
 * @param onProgress called with the number of messages written
 * @returns the head of the lobby
 */
export function fillHistory(
  dataDir: string,
  messages: number,
  signal: AbortSignal,
  onProgress: (written: number) => void,
): number {
  const database = new DatabaseSync(join(dataDir, 'history.sqlite'));
  const channels = Math.max(1, Math.ceil((messages - messages / LOBBY_EVERY) / CHANNEL_MESSAGES));
  const heads = new Map<string, number>();
  try {
    // The file is discarded if this is interrupted.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000');
    const insert = database.prepare(
      `INSERT INTO messages (conversationId, seq, id, senderId, clientMessageId, kind, text, createdAtMs)
      VALUES (?, ?, ?, ?, ?, 'text', ?, ?)`,
    );
    for (let written = 0; written < messages; ) {
      signal.throwIfAborted();
      const end = Math.min(messages, written + BATCH);
      database.exec('BEGIN');
      for (; written < end; written += 1) {
        const conversationId = written % LOBBY_EVERY === 0 ? 'lobby' : `c_filled-${(written >> 1) % channels}`;
        const seq = (heads.get(conversationId) ?? 0) + 1;
        heads.set(conversationId, seq);
        const createdAtMs = FIRST_MS + written;
        const senderId = `filled-${written % 1_000}`;
        insert.run(conversationId, seq, newId(createdAtMs), senderId, `filled-${written}`, TEXT, createdAtMs);
      }
      database.exec('COMMIT');
      onProgress(written);
    }
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
  return heads.get('lobby') ?? 0;
}
