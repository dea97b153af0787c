import { z } from 'zod';
import { MAX_GROUP_MEMBERS } from './constants.ts';
import { ConversationId, SeqCursor, UserId } from './ids.ts';
import { IsoTime } from './message.ts';
import { DisplayName } from './text.ts';

export const USER_KINDS = ['account', 'guest', 'assistant'] as const;

export const User = z
  .object({
    id: UserId,
    username: z.string(),
    displayName: z.string(),
    kind: z
      .enum(USER_KINDS)
      .meta({ description: '`account`: has a password. `guest`: has none. `assistant`: a program' }),
  })
  .meta({ id: 'User' });
export type User = z.infer<typeof User>;

export const CONVERSATION_KINDS = ['direct', 'group', 'channel', 'assistant'] as const;
export type ConversationKind = (typeof CONVERSATION_KINDS)[number];

export const Conversation = z
  .object({
    id: ConversationId,
    kind: z.enum(CONVERSATION_KINDS),
    title: z
      .string()
      .nullable()
      .meta({ description: 'null in a direct conversation: show the name of the other member' }),
    createdAt: IsoTime,
    createdBy: UserId.meta({ description: 'May remove other members and delete their messages' }),
    members: z.array(User).meta({ description: 'Empty in a channel, which has no limit of members' }),
    headSeq: SeqCursor.meta({ description: 'seq of the newest message, 0 without messages' }),
  })
  .meta({ id: 'Conversation' });
export type Conversation = z.infer<typeof Conversation>;

/** The kinds that a user can create. */
const CREATABLE_KINDS = ['direct', 'group', 'channel'] as const;

export const CreateConversationPayload = z
  .object({
    kind: z.enum(CREATABLE_KINDS),
    memberIds: z
      .array(UserId)
      .max(MAX_GROUP_MEMBERS - 1)
      .default([])
      .meta({ description: 'The members apart from the creator: exactly one for a direct conversation' }),
    title: DisplayName.optional().meta({
      description: 'The title of a group or channel. Ignored for a direct conversation',
    }),
  })
  .superRefine((payload, issues) => {
    if (payload.kind === 'direct' && payload.memberIds.length !== 1) {
      issues.addIssue({
        code: 'custom',
        path: ['memberIds'],
        message: 'a direct conversation has exactly one other member',
      });
    }
  })
  .meta({ id: 'CreateConversationPayload' });
export type CreateConversationPayload = z.infer<typeof CreateConversationPayload>;

export const RenamePayload = z.object({ title: DisplayName }).meta({ id: 'RenamePayload' });

export const AddMembersPayload = z
  .object({ memberIds: z.array(UserId).min(1).max(MAX_GROUP_MEMBERS) })
  .meta({ id: 'AddMembersPayload' });
