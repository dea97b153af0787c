// cspell:ignore passport
import {
  AddMembersPayload,
  Conversation,
  ConversationId,
  ConversationList,
  ConversationsQuery,
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
import { errorResponses, json } from './responses.ts';

const conversations = { tags: ['Conversations'] };
const conversationPath = z.object({ id: ConversationId.meta({ description: 'The conversation' }) });
const messagePath = z.object({ id: MessageId.meta({ description: 'The message' }) });
const memberPath = conversationPath.extend({ userId: UserId.meta({ description: 'The member to remove' }) });

export const CONVERSATION_PATHS: ZodOpenApiPathsObject = {
  '/api/conversations': {
    get: {
      ...conversations,
      operationId: 'listConversations',
      summary: 'List the conversations of the caller',
      description:
        'The lobby is the first of the first page. A conversation that gets a message between two calls moves to the front: read the first page again after the last one.',
      requestParams: { query: ConversationsQuery },
      responses: {
        200: { description: 'A page of the conversations of the caller', content: json(ConversationList) },
        ...errorResponses('UNAUTHENTICATED'),
      },
    },
    post: {
      ...conversations,
      operationId: 'createConversation',
      summary: 'Create a conversation',
      description: 'Two users have at most one direct conversation. A repeated request returns it.',
      requestBody: { required: true, content: json(CreateConversationPayload) },
      responses: {
        200: { description: 'The existing direct conversation', content: json(Conversation) },
        201: { description: 'The new conversation', content: json(Conversation) },
        ...errorResponses('PAYLOAD_TOO_LARGE', 'UNAUTHENTICATED', 'NOT_FOUND', 'CONFLICT'),
      },
    },
  },
  '/api/conversations/{id}': {
    patch: {
      ...conversations,
      operationId: 'renameConversation',
      summary: 'Rename a group or channel',
      description:
        'For members. All members get a `conversation` event. A direct conversation and the lobby cannot be renamed.',
      requestParams: { path: conversationPath },
      requestBody: { required: true, content: json(RenamePayload) },
      responses: {
        200: { description: 'The conversation with its new title', content: json(Conversation) },
        ...errorResponses('PAYLOAD_TOO_LARGE', 'UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
  '/api/conversations/{id}/members': {
    post: {
      ...conversations,
      operationId: 'addMembers',
      summary: 'Add members',
      description:
        'For members of the group or channel. The members of a direct conversation and of the lobby are fixed.',
      requestParams: { path: conversationPath },
      requestBody: { required: true, content: json(AddMembersPayload) },
      responses: {
        200: { description: 'The conversation with its new members', content: json(Conversation) },
        ...errorResponses('PAYLOAD_TOO_LARGE', 'UNAUTHENTICATED', 'NOT_FOUND', 'CONFLICT'),
      },
    },
  },
  '/api/conversations/{id}/members/{userId}': {
    delete: {
      ...conversations,
      operationId: 'removeMember',
      summary: 'Leave a conversation, or remove a member',
      description: 'A member may leave. Only the creator of the conversation may remove others.',
      requestParams: { path: memberPath },
      responses: {
        204: { description: 'The user is no longer a member' },
        ...errorResponses('UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
  '/api/conversations/{id}/messages': {
    get: {
      ...conversations,
      operationId: 'listMessages',
      summary: 'Get a page of history',
      description:
        'Oldest first, without a gap, up to the newest message. Without `before` and `after`, returns the newest page.',
      requestParams: { path: conversationPath, query: PageQuery },
      responses: {
        200: { description: 'One page', content: json(MessagePage) },
        ...errorResponses('UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
  '/api/conversations/{id}/receipts': {
    get: {
      ...conversations,
      operationId: 'listReceipts',
      summary: 'List what each member has received and read',
      description:
        'For direct conversations and groups; channels have no receipts. Later changes are sent as `receipts` events.',
      requestParams: { path: conversationPath },
      responses: {
        200: { description: 'The current receipts', content: json(ReceiptList) },
        ...errorResponses('UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
  '/api/search': {
    get: {
      ...conversations,
      operationId: 'searchMessages',
      summary: 'Search messages',
      description:
        'Searches all conversations of the caller. A hit has all words of the query, each as the start of a word, in any script. ' +
        'Case and accents are ignored. An edited message is found by its newest text. A deleted message is not found.',
      requestParams: { query: SearchQuery },
      responses: {
        200: { description: 'One page of hits, newest first', content: json(SearchPage) },
        ...errorResponses('UNAUTHENTICATED', 'NOT_FOUND'),
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
        ...errorResponses('UNAUTHENTICATED', 'NOT_FOUND'),
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
        ...errorResponses('UNAUTHENTICATED', 'NOT_FOUND'),
      },
    },
  },
};
