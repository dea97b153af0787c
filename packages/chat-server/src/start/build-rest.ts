import type { Express } from 'express';
import type { AccessTokens } from '../accounts/access-tokens.ts';
import { Accounts } from '../accounts/accounts.ts';
import { PasswordWork } from '../accounts/password-work.ts';
import { SignInLimits } from '../accounts/sign-in-limits.ts';
import type { Isolation } from '../admission/isolation.ts';
import type { ServerRpc } from '../admission/server-rpc.ts';
import type { ClientAddresses } from '../client-address.ts';
import type { ChatServerConfig } from '../config.ts';
import { MessageTraces } from '../conversations/message-traces.ts';
import { Search } from '../conversations/search.ts';
import type { ClientLimits } from '../limits/client-limits.ts';
import type { Pacers } from '../limits/pacers.ts';
import { countRefused } from '../metrics.ts';
import { accountRoutes } from '../rest/account-routes.ts';
import { conversationRoutes } from '../rest/conversation-routes.ts';
import { messageRoutes, searchRoutes } from '../rest/message-routes.ts';
import { createRestApp } from '../rest/rest-app.ts';
import { userRoutes } from '../rest/user-routes.ts';
import type { Backends, ChatServerBase } from './connect-backends.ts';
import type { ConversationParts } from './start-conversations.ts';

/** Builds the REST API. */
export function buildRest(
  base: ChatServerBase,
  config: ChatServerConfig,
  parts: {
    backends: Backends;
    rpc: ServerRpc;
    isolation: Isolation;
    chat: ConversationParts;
    tokens: AccessTokens;
    addresses: ClientAddresses;
    limits: ClientLimits;
    pacers: Pacers;
  },
): Express {
  const { logger, metrics, readiness } = base;
  const { backends, rpc, isolation, chat, tokens, addresses, limits, pacers } = parts;
  const { limitCounts, store, log, leases } = backends;
  const { conversations, history, membership, readMarkers, receipts } = chat;
  return createRestApp({
    accountRoutes: accountRoutes({
      accounts: new Accounts({
        users: store.users,
        refreshTokens: store.refreshTokens,
        accessTokens: tokens,
        guestTtlMs: config.GUEST_TTL_MS,
        passwords: new PasswordWork({ onRefused: countRefused(metrics, 'passwords') }),
      }),
      signUps: limits.signUps,
      signInLimits: new SignInLimits(limits, limitCounts),
      addresses,
      allowGuests: config.ALLOW_GUESTS,
      onRefreshed: async ({ signedIn }) => {
        try {
          await leases.extendAuthorisation(signedIn.user.id, Date.parse(signedIn.expiresAt));
        } catch (error) {
          // The old cookie is no longer valid, so an error here would lose the login. At worst the live session ends and
          // reconnects.
          logger.warn({ err: error }, 'the session of a refreshed token could not be extended');
        }
      },
    }),
    userRoutes: userRoutes(store.users, limits.searches),
    messageRoutes: messageRoutes(
      new MessageTraces({
        log,
        maxInProcess: config.MAX_IN_PROCESS,
        messages: store.messages,
        conversations: store.conversations,
        membership,
        readMarkers,
        rpc,
      }),
    ),
    conversationRoutes: conversationRoutes({ conversations, history, receipts, metrics }),
    searchRoutes: searchRoutes(new Search({ messages: store.messages, conversations, membership }), limits.searches),
    tokens,
    addresses,
    limits,
    pacers,
    allowedOrigins: config.ALLOWED_ORIGINS,
    isolation,
    readiness,
    metrics,
    logger,
  });
}
