import {
  AddMembersPayload,
  Conversation,
  ConversationId,
  ConversationList,
  CreateConversationPayload,
  LegacyMessageTrace,
  MessageId,
  MessagePage,
  MessageTrace,
  PageQuery,
  ReceiptList,
  RenamePayload,
  SearchPage,
  SearchQuery,
  UserId,
} from '@parley/protocol';
import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { json, refusals } from './responses.ts';

const conversations = { tags: ['Conversations'] };
const conversationPath = z.object({ id: ConversationId.meta({ description: 'The conversation' }) });
const messagePath = z.object({ id: MessageId.meta({ description: 'The message' }) });
const memberPath = conversationPath.extend({ userId: UserId.meta({ description: 'The member who goes' }) });

export const CONVERSATION_PATHS: ZodOpenApiPathsObject = {
  '/api/conversations': {
    get: {
      ...conversations,
      operationId: 'listConversations',
      summary: 'The conversations that the caller is in',
      responses: {
        200: { description: "The caller's conversations", content: json(ConversationList) },
        ...refusals('UNAUTHENTICATED'),
      },
    },
    post: {
      ...conversations,
      operationId: 'createConversation',
      summary: 'Start a conversation',
      description: 'Two people have one direct conversation, whoever asks first; asking again gives that one.',
      requestBody: { required: true, content: json(CreateConversationPayload) },
      responses: {
        200: { description: 'The direct conversation that was already there', content: json(Conversation) },
        201: { description: 'The new conversation', content: json(Conversation) },
        ...refusals('PAYLOAD_TOO_LARGE', 'UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
  '/api/conversations/{id}': {
    patch: {
      ...conversations,
      operationId: 'renameConversation',
      summary: 'Rename a group or channel',
      description: 'Any member may; everyone in it is told. A direct conversation and the lobby keep their names.',
      requestParams: { path: conversationPath },
      requestBody: { required: true, content: json(RenamePayload) },
      responses: {
        200: { description: 'The conversation with its new title', content: json(Conversation) },
        ...refusals('PAYLOAD_TOO_LARGE', 'UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
  '/api/conversations/{id}/members': {
    post: {
      ...conversations,
      operationId: 'addMembers',
      summary: 'Invite people',
      description: 'Any member of a group or channel may; a direct conversation and the lobby have fixed members.',
      requestParams: { path: conversationPath },
      requestBody: { required: true, content: json(AddMembersPayload) },
      responses: {
        200: { description: 'The conversation with its new members', content: json(Conversation) },
        ...refusals('PAYLOAD_TOO_LARGE', 'UNAUTHENTICATED', 'NOT_FOUND', 'CONFLICT'),
      },
    },
  },
  '/api/conversations/{id}/members/{userId}': {
    delete: {
      ...conversations,
      operationId: 'removeMember',
      summary: 'Leave a conversation, or remove a member',
      description: 'Anyone may leave; only who created the conversation may remove others.',
      requestParams: { path: memberPath },
      responses: {
        204: { description: 'No longer a member' },
        ...refusals('UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
  '/api/conversations/{id}/messages': {
    get: {
      ...conversations,
      operationId: 'listMessages',
      summary: 'A page of history',
      description: 'Oldest first, without a gap, up to the newest accepted message. Neither bound: the newest page.',
      requestParams: { path: conversationPath, query: PageQuery },
      responses: {
        200: { description: 'One page', content: json(MessagePage) },
        ...refusals('UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
  '/api/conversations/{id}/receipts': {
    get: {
      ...conversations,
      operationId: 'listReceipts',
      summary: 'How far each member has received and read',
      description:
        'In direct conversations and groups; channels have none. What moves later comes as `receipts` packets.',
      requestParams: { path: conversationPath },
      responses: {
        200: { description: 'The receipts as they are now', content: json(ReceiptList) },
        ...refusals('UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
  '/api/search': {
    get: {
      ...conversations,
      operationId: 'searchMessages',
      summary: 'Find messages by their words',
      description:
        'Over all that the caller may read: a hit has all words of the query, each as the beginning of a word, in any script. ' +
        'Case and accents do not matter. An edited message is found by its newest text, a deleted one not at all.',
      requestParams: { query: SearchQuery },
      responses: {
        200: { description: 'One page of hits, newest first', content: json(SearchPage) },
        ...refusals('UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
  '/api/messages/{id}/trace': {
    get: {
      ...conversations,
      operationId: 'getMessageTrace',
      summary: 'Trace a message',
      description:
        'When and by which process the message was appended, published, stored and delivered, and who has read it.',
      requestParams: { path: messagePath },
      responses: {
        200: { description: 'The trace of the message', content: json(MessageTrace) },
        ...refusals('UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
  '/api/messages/{id}/passport': {
    get: {
      ...conversations,
      operationId: 'getPassport',
      deprecated: true,
      summary: 'Trace a message (former name)',
      description:
        'Use `GET /api/messages/{id}/trace`. This route calls the first step `accepted` instead of `appended`.',
      requestParams: { path: messagePath },
      responses: {
        200: { description: 'The trace of the message', content: json(LegacyMessageTrace) },
        ...refusals('UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
};
