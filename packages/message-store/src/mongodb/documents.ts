import type { AcceptedMessage, ConversationId, MessageId, UserId } from '@parley/protocol';
import type { ObjectId } from 'mongodb';
import type { ConversationRecord } from '../conversation-store.ts';
import type { MessageTrace } from '../message-store.ts';
import type { RefreshTokenRecord } from '../refresh-token-store.ts';
import type { UserRecord } from '../user-store.ts';

// Fields that are undefined are left out of a document: the driver would write them as null.

export type MessageDocument = Omit<AcceptedMessage, 'id'> & { _id: MessageId; trace?: MessageTrace };

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
  users: 'users',
  conversations: 'conversations',
  members: 'members',
  refreshTokens: 'refreshTokens',
  migrations: 'migrations',
} as const;
