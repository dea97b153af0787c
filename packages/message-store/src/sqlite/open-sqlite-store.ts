import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@parley/service-kit';
import { type Indexer, startIndexer } from '../indexer.ts';
import type { MessageSearch, MessageStore } from '../message-store.ts';
import { type Store, StoreUnavailable } from '../store.ts';
import { splitValid } from '../validate-message.ts';
import { DatabaseThread } from './database-thread.ts';

const BUSY_TIMEOUT_MS = 5_000;
/** Longer than the wait for a lock, so the caller gets its error. */
const DEADLINE_MS = 6_000;
const OPEN_DEADLINE_MS = 30_000;
/** Batches of recently saved messages that a search indexes first. It rarely needs more than one. */
const MAX_CATCH_UPS = 4;

/** A search can keep a core busy for a second. Everything else goes first. */
const SEARCH_NICENESS = 10;

export interface OpenSqliteStoreOptions {
  /** The directory of `history.sqlite`. It is created if missing. Any number of processes of one machine may share it. */
  dataDir: string;
  logger: Logger;
  /** How long a transaction waits for the lock of another process. The default is 5,000. */
  busyTimeoutMs?: number;
  /** The longest duration of a call. The default is 6,000. */
  deadlineMs?: number;
  /** The longest duration of opening. The default is 30,000. */
  openDeadlineMs?: number;
}

/**
 * Opens the embedded store: one file in WAL mode. `node:sqlite` blocks its thread, so one thread writes and one reads. The first
 * search starts a third one, so no page of history waits for a search through millions of messages.
 *
 * @throws StoreUnavailable if the file cannot be opened in time
 */
export async function openSqliteStore(options: OpenSqliteStoreOptions): Promise<Store> {
  const { dataDir, logger, busyTimeoutMs = BUSY_TIMEOUT_MS, deadlineMs = DEADLINE_MS } = options;
  const { openDeadlineMs = OPEN_DEADLINE_MS } = options;
  await mkdir(dataDir, { recursive: true }).catch((cause: unknown) => {
    throw new StoreUnavailable(`${dataDir} cannot be created`, { cause });
  });
  const shared = { path: join(dataDir, 'history.sqlite'), busyTimeoutMs, deadlineMs, logger };
  const threads: DatabaseThread[] = [];
  let indexer: Indexer | undefined;
  const close = async () => {
    await indexer?.stop();
    await Promise.all(threads.map((thread) => thread.close()));
  };
  const openThread = async (role: 'writer' | 'reader', niceness = 0) => {
    const thread = new DatabaseThread({ ...shared, role, niceness });
    threads.push(thread);
    await thread.opened(openDeadlineMs);
    return thread;
  };
  try {
    const writer = await openThread('writer');
    const reader = await openThread('reader');
    indexer = startIndexer((maxMessages) => writer.call('indexSome', maxMessages), logger);
    if (await reader.call('hasUnindexed')) indexer.wake();
    let searcher: Promise<DatabaseThread> | undefined;
    const search = async (query: MessageSearch) => {
      searcher ??= openThread('reader', SEARCH_NICENESS).catch((error: unknown) => {
        searcher = undefined;
        throw error;
      });
      return (await searcher).call('searchMessages', query);
    };
    return { ...storeOver(writer, reader, { indexer, search }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function storeOver(
  writer: DatabaseThread,
  reader: DatabaseThread,
  parts: { indexer: Indexer; search: MessageStore['search'] },
): Omit<Store, 'close'> {
  const { indexer, search } = parts;
  return {
    messages: {
      async saveBatch(messages) {
        const { valid, rejected } = splitValid(messages);
        if (valid.length > 0) rejected.push(...(await writer.call('saveBatch', valid)));
        indexer.wake();
        return { rejected };
      },
      readRange: (conversationId, fromSeq, toSeq) => reader.call('readRange', conversationId, fromSeq, toSeq),
      headSeq: (conversationId) => reader.call('headSeq', conversationId),
      headSeqs: (conversationIds) => reader.call('headSeqs', conversationIds),
      async fillGaps(ranges) {
        const placeholders = ranges.length > 0 ? await reader.call('findGaps', ranges) : [];
        if (placeholders.length > 0) await writer.call('saveBatch', placeholders);
        return placeholders.length;
      },
      async withdraw(message) {
        await writer.call('withdraw', message);
        indexer.wake();
      },
      findById: (id) => reader.call('findMessage', id),
      findSent: (senderId, clientMessageId, sinceMs) => reader.call('findSent', senderId, clientMessageId, sinceMs),
      sentSince: (senderId, sinceMs, limit) => reader.call('sentSince', senderId, sinceMs, limit),
      isEmpty: () => reader.call('isEmpty'),
      async search(query) {
        for (let round = 0; round < MAX_CATCH_UPS && (await reader.call('hasQueued')); round += 1)
          await indexer.catchUp();
        return search(query);
      },
    },
    users: {
      create: (user) => writer.call('createUser', user),
      findById: (id) => reader.call('findUser', id),
      findMany: (ids) => reader.call('findUsers', ids),
      findByUsername: (username) => reader.call('findUserByUsername', username),
      recordSignIn: (id, atMs) => writer.call('recordSignIn', id, atMs),
      expireGuests: (guests) => writer.call('expireGuests', guests),
      search: (query, limit) => reader.call('searchUsers', query, limit),
    },
    conversations: {
      create: (conversation, memberIds) => writer.call('createConversation', conversation, memberIds),
      createDirect: (conversation, pair) => writer.call('createDirectConversation', conversation, pair),
      findById: (id) => reader.call('findConversation', id),
      findDirect: (pair) => reader.call('findDirectConversation', pair),
      listFor: (userId) => reader.call('listConversations', userId),
      listPage: (userId, query) => reader.call('listPage', userId, query),
      countMemberships: (userIds) => reader.call('countMemberships', userIds),
      rename: (id, title) => writer.call('renameConversation', id, title),
      addMembers: (id, userIds) => writer.call('addMembers', id, userIds),
      removeMember: (id, userId) => writer.call('removeMember', id, userId),
      members: (id, limit) => reader.call('listMembers', id, limit),
      isMember: (id, userId) => reader.call('isMember', id, userId),
      membersAmong: (id, userIds) => reader.call('membersAmong', id, userIds),
      membershipsAmong: (userId, ids) => reader.call('membershipsAmong', userId, ids),
    },
    refreshTokens: {
      issue: (token) => writer.call('issueToken', token),
      rotate: (tokenHash, next, nowMs) => writer.call('rotateToken', tokenHash, next, nowMs),
      endFamilyOf: (tokenHash) => writer.call('endFamilyOf', tokenHash),
      deleteExpired: (nowMs) => writer.call('deleteExpiredTokens', nowMs),
    },
    markers: {
      saveBatch: (markers) => writer.call('saveMarkers', markers),
      listForUser: (userId) => reader.call('listMarkersOfUser', userId),
      listForConversation: (conversationId) => reader.call('listMarkersIn', conversationId),
    },
    lastSeen: {
      saveBatch: (times) => writer.call('saveLastSeen', times),
      findMany: (userIds) => reader.call('findLastSeen', userIds),
    },
    async ping() {
      await Promise.all([reader.call('ping'), writer.call('ping')]);
    },
  };
}
