import type { Database } from './database.ts';

/** In order. The version is the position, from 1. A released migration never changes. */
const MIGRATIONS: readonly { name: string; sql: string }[] = [
  {
    name: 'messages, users, conversations, members, refresh tokens',
    sql: `
      CREATE TABLE messages (
        conversationId TEXT NOT NULL CHECK (conversationId <> ''),
        seq INTEGER NOT NULL CHECK (seq >= 1),
        id TEXT NOT NULL CHECK (id <> ''),
        senderId TEXT NOT NULL,
        clientMessageId TEXT NOT NULL,
        kind TEXT NOT NULL,
        text TEXT,
        media TEXT CHECK (media IS NULL OR json_valid(media)),
        replyTo TEXT,
        createdAtMs INTEGER NOT NULL CHECK (createdAtMs >= 0),
        acceptedBy TEXT,
        savedBy TEXT,
        publishedAtMs INTEGER,
        savedAtMs INTEGER,
        PRIMARY KEY (conversationId, seq)
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX messagesById ON messages (id);

      CREATE TABLE users (
        id TEXT NOT NULL PRIMARY KEY,
        username TEXT NOT NULL,
        usernameKey TEXT NOT NULL UNIQUE,
        displayName TEXT NOT NULL,
        passwordHash TEXT,
        createdAtMs INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE userSearchKeys (
        searchKey TEXT NOT NULL,
        userId TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        PRIMARY KEY (searchKey, userId)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE conversations (
        id TEXT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        title TEXT,
        createdBy TEXT NOT NULL,
        createdAtMs INTEGER NOT NULL,
        pairKey TEXT UNIQUE
      ) STRICT;
      CREATE TABLE members (
        joinOrder INTEGER PRIMARY KEY,
        conversationId TEXT NOT NULL,
        userId TEXT NOT NULL,
        UNIQUE (conversationId, userId)
      ) STRICT;
      CREATE INDEX membersByOrder ON members (conversationId, joinOrder);
      CREATE INDEX membersByUser ON members (userId);

      CREATE TABLE refreshTokenFamilies (
        familyId TEXT NOT NULL PRIMARY KEY,
        userId TEXT NOT NULL,
        validTokenHash TEXT NOT NULL UNIQUE,
        expiresAtMs INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX refreshTokenFamiliesByExpiry ON refreshTokenFamilies (expiresAtMs);
      CREATE TABLE usedRefreshTokens (
        tokenHash TEXT NOT NULL PRIMARY KEY,
        familyId TEXT NOT NULL REFERENCES refreshTokenFamilies (familyId) ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX usedRefreshTokensByFamily ON usedRefreshTokens (familyId);
    `,
  },
  {
    name: 'message search, edits and deletions',
    sql: `
      CREATE TABLE messageChanges (
        targetId TEXT NOT NULL,
        changeId TEXT NOT NULL,
        conversationId TEXT NOT NULL,
        kind TEXT NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (targetId, changeId)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE searchEntries (
        entryId INTEGER PRIMARY KEY,
        messageId TEXT NOT NULL,
        editId TEXT
      ) STRICT;
      CREATE VIRTUAL TABLE searchIndex USING fts5 (
        tokens, tokenize = 'ascii', content = '', columnsize = 0, detail = 'none', prefix = '1 2'
      );

      CREATE TABLE searchQueue (
        queueId INTEGER PRIMARY KEY AUTOINCREMENT,
        messageIds TEXT NOT NULL
      ) STRICT;
      CREATE TABLE searchBacklog (
        conversationId TEXT NOT NULL,
        seq INTEGER NOT NULL
      ) STRICT;
      INSERT INTO searchBacklog SELECT '', 0 WHERE EXISTS (SELECT 1 FROM messages);
    `,
  },
  {
    name: 'read markers, receipts, last-seen times',
    sql: `
      CREATE TABLE markers (
        userId TEXT NOT NULL,
        conversationId TEXT NOT NULL,
        readSeq INTEGER NOT NULL,
        readAtMs INTEGER NOT NULL,
        deliveredSeq INTEGER NOT NULL,
        PRIMARY KEY (userId, conversationId)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX markersByConversation ON markers (conversationId);

      CREATE TABLE lastSeen (
        userId TEXT NOT NULL PRIMARY KEY,
        lastSeenAtMs INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    name: 'messages by sender',
    sql: `
      CREATE INDEX messagesByClientMessageId ON messages (senderId, clientMessageId);
      CREATE INDEX messagesBySender ON messages (senderId, createdAtMs, clientMessageId);
    `,
  },
  {
    name: 'the epoch of a message',
    sql: 'ALTER TABLE messages ADD COLUMN epoch TEXT',
  },
  {
    // When the guests of earlier releases last signed in is not known: their time begins now.
    name: 'guests expire',
    sql: `
      ALTER TABLE users ADD COLUMN lastSignInAtMs INTEGER;
      ALTER TABLE users ADD COLUMN expiredAtMs INTEGER;
      UPDATE users SET lastSignInAtMs = unixepoch() * 1000 WHERE passwordHash IS NULL AND id <> 'assistant';
      CREATE INDEX guestsBySignIn ON users (lastSignInAtMs) WHERE lastSignInAtMs IS NOT NULL AND expiredAtMs IS NULL;
      CREATE INDEX listedUsers ON users (usernameKey) WHERE expiredAtMs IS NULL;
    `,
  },
  {
    name: 'the activity of a conversation',
    sql: `
      ALTER TABLE conversations ADD COLUMN activeAtMs INTEGER;
      UPDATE conversations SET activeAtMs = (
        SELECT createdAtMs FROM messages WHERE conversationId = conversations.id ORDER BY seq DESC LIMIT 1
      );
    `,
  },
];

/**
 * Migrates the schema in one transaction: one of many processes migrates, and the others find it done. Migrations only add to the
 * schema, so an older release works with it during an upgrade of the cluster.
 */
export function migrate(database: Database): void {
  database.transaction(() => {
    database.execute(`
      CREATE TABLE IF NOT EXISTS migrations (
        version INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        appliedAtMs INTEGER NOT NULL
      ) STRICT
    `);
    const applied = database.get<{ version: number }>('SELECT coalesce(max(version), 0) AS version FROM migrations');
    for (const [index, { name, sql }] of MIGRATIONS.entries()) {
      const version = index + 1;
      if (version <= (applied?.version ?? 0)) continue;
      database.execute(sql);
      database.run('INSERT INTO migrations VALUES (?, ?, ?)', version, name, Date.now());
    }
  });
}
