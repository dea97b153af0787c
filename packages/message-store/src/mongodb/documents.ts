import type { ConversationId, MessageId, MessageRecord, UserId } from '@parley/protocol';
import type { ObjectId } from 'mongodb';
import type { ConversationRecord } from '../conversation-store.ts';
import type { MarkerRecord } from '../marker-store.ts';
import type { ChangeRecord } from '../message-changes.ts';
import type { TraceRecord } from '../message-store.ts';
import type { RefreshTokenRecord } from '../refresh-token-store.ts';
import type { UserRecord } from '../user-store.ts';

// Undefined fields are left out of a document: the driver would write them as null.

export type MessageDocument = Omit<MessageRecord, 'id'> & {
  _id: MessageId;
  trace?: TraceRecord;
  search?: {
    /** The tokens that find it. */
    tokens?: string[];
    /** Its newest text and the seq of that edit, if it was edited. */
    text?: string;
    editSeq?: number;
    isDeleted?: true;
  };
};

/** The target of an edit or deletion. The document has the id of the change. */
export type ChangeDocument = Omit<ChangeRecord, 'changeId'> & { _id: MessageId };

/** The progress of indexing messages that were saved before the search index existed. */
export interface SearchBacklogDocument {
  _id: string;
  /** Messages with an id up to this one are indexed. */
  afterId: MessageId;
  isDone: boolean;
}

export type UserDocument = Omit<UserRecord, 'id' | 'passwordHash' | 'lastSignInAtMs' | 'expiredAtMs'> & {
  _id: UserId;
  passwordHash?: string;
  lastSignInAtMs?: number;
  expiredAtMs?: number;
  usernameKey: string;
  searchKeys: string[];
};

export type ConversationDocument = Omit<ConversationRecord, 'id' | 'title'> & {
  _id: ConversationId;
  title?: string;
  /** The time of the newest stored message. Missing without messages, and in earlier releases. */
  activeAtMs?: number;
  /** Only of a direct conversation. */
  pairKey?: string;
};

/** Sorted by `joinedAtMs`, then `_id`: within a millisecond the ids of one process still increase. */
export interface MemberDocument {
  _id: ObjectId;
  conversationId: ConversationId;
  userId: UserId;
  joinedAtMs: number;
}

/** All tokens of a family are in one document, so each change of a family is one atomic update. */
export interface RefreshTokenFamilyDocument extends Omit<RefreshTokenRecord, 'tokenHash' | 'familyId'> {
  _id: string;
  validTokenHash: string;
  usedTokenHashes: string[];
}

export interface MarkerDocument extends MarkerRecord {
  /** The user id and the conversation id, separated by a space. */
  _id: string;
}

export interface LastSeenDocument {
  _id: UserId;
  lastSeenAtMs: number;
}

export interface MigrationDocument {
  _id: number;
  name: string;
  appliedAtMs: number;
}

export const COLLECTIONS = {
  messages: 'messages',
  changes: 'messageChanges',
  searchBacklog: 'searchBacklog',
  users: 'users',
  conversations: 'conversations',
  members: 'members',
  refreshTokens: 'refreshTokens',
  markers: 'markers',
  lastSeen: 'lastSeen',
  migrations: 'migrations',
} as const;
