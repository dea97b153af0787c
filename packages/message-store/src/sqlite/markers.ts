import type { ConversationId, UserId } from '@parley/protocol';
import type { LastSeenRecord } from '../last-seen-store.ts';
import type { MarkerRecord } from '../marker-store.ts';
import type { Database } from './database.ts';

const COLUMNS = 'userId, conversationId, readSeq, readAtMs, deliveredSeq';

export function saveMarkers(database: Database, markers: readonly MarkerRecord[]): void {
  database.transaction(() => {
    for (const { userId, conversationId, readSeq, readAtMs, deliveredSeq } of markers) {
      database.run(
        `INSERT INTO markers (${COLUMNS}) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (userId, conversationId) DO UPDATE SET
           readSeq = max(readSeq, excluded.readSeq),
           readAtMs = max(readAtMs, excluded.readAtMs),
           deliveredSeq = max(deliveredSeq, excluded.deliveredSeq)`,
        userId,
        conversationId,
        readSeq,
        readAtMs,
        deliveredSeq,
      );
    }
  });
}

export function listMarkersOfUser(database: Database, userId: UserId): MarkerRecord[] {
  return database.all<MarkerRecord>(`SELECT ${COLUMNS} FROM markers WHERE userId = ?`, userId);
}

export function listMarkersIn(database: Database, conversationId: ConversationId): MarkerRecord[] {
  return database.all<MarkerRecord>(`SELECT ${COLUMNS} FROM markers WHERE conversationId = ?`, conversationId);
}

export function saveLastSeen(database: Database, times: readonly LastSeenRecord[]): void {
  database.transaction(() => {
    for (const { userId, lastSeenAtMs } of times) {
      database.run(
        `INSERT INTO lastSeen (userId, lastSeenAtMs) VALUES (?, ?)
         ON CONFLICT (userId) DO UPDATE SET lastSeenAtMs = max(lastSeenAtMs, excluded.lastSeenAtMs)`,
        userId,
        lastSeenAtMs,
      );
    }
  });
}

export function findLastSeen(database: Database, userIds: readonly UserId[]): LastSeenRecord[] {
  return database.all<LastSeenRecord>(
    'SELECT userId, lastSeenAtMs FROM lastSeen WHERE userId IN (SELECT value FROM json_each(?))',
    JSON.stringify(userIds),
  );
}
