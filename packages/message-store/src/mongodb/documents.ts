import type { ConversationId, MessageId, MessageRecord, UserId } from '@parley/protocol';
import type { ObjectId } from 'mongodb';
import type { ConversationRecord } from '../conversation-store.ts';
import type { ChangeNote } from '../message-changes.ts';
import type { MessageTrace } from '../message-store.ts';
import type { RefreshTokenRecord } from '../refresh-token-store.ts';
import type { UserRecord } from '../user-store.ts';

// Fields that are undefined are left out of a document: the driver would write them as null.

export type MessageDocument = Omit<MessageRecord, 'id'> & {
  _id: MessageId;
  trace?: MessageTrace;
  search?: {
    /** What it is found by. */
    tokens?: string[];
    /** Its newest text and the seq of the edit that brought it, if it was edited. */
    text?: string;
    editSeq?: number;
    isDeleted?: true;
  };
};

/** Which message an edit or deletion is about; its id is that of the change. */
export type ChangeDocument = Omit<ChangeNote, 'changeId'> & { _id: MessageId };

/** How far the messages that were saved before there was a search index are in it. */
export interface SearchBacklogDocument {
  _id: string;
  /** Those with an id up to here are. */
  afterId: MessageId;
  isDone: boolean;
}

export type UserDocument = Omit<UserRecord, 'id' | 'passwordHash'> & {
  _id: UserId;
  passwordHash?: string;
  usernameKey: string;
  searchKeys: string[];
};

export type ConversationDocument = Omit<ConversationRecord, 'id' | 'title'> & {
  _id: ConversationId;
  title?: string;
  /** Of a direct conversation. */
  pairKey?: string;
};

/** Sorted by `joinedAtMs`, then `_id`: within a millisecond one process's ids still count up. */
export interface MemberDocument {
  _id: ObjectId;
  conversationId: ConversationId;
  userId: UserId;
  joinedAtMs: number;
}

/** All tokens of a family are in one document, so that each step of its life is one atomic update. */
export interface RefreshTokenFamilyDocument extends Omit<RefreshTokenRecord, 'tokenHash' | 'familyId'> {
  _id: string;
  validTokenHash: string;
  usedTokenHashes: string[];
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
  migrations: 'migrations',
} as const;
