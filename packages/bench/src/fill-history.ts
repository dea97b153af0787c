import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const BATCH = 50_000;

/** One message in so many is in the lobby, the others in channels of this length. */
const LOBBY_SHARE = 2;
const CHANNEL_MESSAGES = 1_000;

const TEXT = 'Whoever finds this in a test has scrolled far, and should be shown it as fast as the newest.';

const FIRST_MS = Date.UTC(2025, 0, 1);

/** Ids as the chat servers make them: those of one time lie side by side. */
const newId = (createdAtMs: number) => `${createdAtMs.toString(36)}${randomBytes(5).toString('hex')}`;

/**
 * Writes messages into a stopped cluster's embedded store, past the cluster: half in the lobby, half in many channels, in the order
 * of time, as if they had been sent.
 *
 * @param onProgress told how many are written
 * @returns the lobby's highest seq
 */
export function fillHistory(
  dataDir: string,
  messages: number,
  signal: AbortSignal,
  onProgress: (written: number) => void,
): number {
  const database = new DatabaseSync(join(dataDir, 'history.sqlite'));
  const channels = Math.max(1, Math.ceil((messages - messages / LOBBY_SHARE) / CHANNEL_MESSAGES));
  const heads = new Map<string, number>();
  try {
    // Nobody needs the file if this is interrupted.
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
        const conversationId = written % LOBBY_SHARE === 0 ? 'lobby' : `c_filled-${(written >> 1) % channels}`;
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
