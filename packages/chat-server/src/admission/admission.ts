import { ChatError, Handshake, parsePayload } from '@parley/protocol';
import type { Readiness } from '@parley/service-kit';
import type { AccessTokens } from '../accounts/access-tokens.ts';
import { rateLimited } from '../limits/rate-limit.ts';
import type { ChatServerMetrics } from '../metrics.ts';
import type { Session } from '../session.ts';
import type { SessionRegistry } from './session-registry.ts';

/** Retry delay for a client that a stopping server rejected. After it, the load balancer chooses another server. */
const SHUTDOWN_RETRY_MS = 500;

/** Retry delay for a client whose address has no slot left. When one is free again is not known. */
const ADDRESS_RETRY_MS = 10_000;

/** Decides from a handshake's `auth` whether a connection becomes a session. */
export class Admission {
  readonly #tokens: AccessTokens;
  readonly #registry: SessionRegistry;
  readonly #readiness: Readiness;
  readonly #metrics: ChatServerMetrics;

  constructor(parts: {
    tokens: AccessTokens;
    registry: SessionRegistry;
    readiness: Readiness;
    metrics: ChatServerMetrics;
  }) {
    this.#tokens = parts.tokens;
    this.#registry = parts.registry;
    this.#readiness = parts.readiness;
    this.#metrics = parts.metrics;
  }

  /**
   * @param address of the client, for the slots of one address
   * @throws ChatError `UNAUTHENTICATED`, `INVALID_PAYLOAD`, `SHUTTING_DOWN`, `SERVER_FULL`, `RATE_LIMITED` or `ALREADY_CONNECTED`
   */
  async admit(auth: Record<string, unknown>, address: string): Promise<Session> {
    if (this.#readiness.draining) throw new ChatError('SHUTTING_DOWN', { retryAfterMs: SHUTDOWN_RETRY_MS });
    // A client without a token may send an empty one, which is not an invalid payload.
    if (!auth.token) throw new ChatError('UNAUTHENTICATED');
    const handshake = parsePayload(Handshake, auth);
    const claims = this.#tokens.verify(handshake.token);
    const outcome = await this.#registry.open({
      userId: claims.userId,
      authorisedUntilMs: claims.expiresAtMs,
      isGuest: claims.isGuest,
      address,
      deviceId: handshake.deviceId ?? undefined,
      takeover: handshake.takeover ?? false,
      waitTicket: handshake.waitTicket ?? undefined,
      attempt: handshake.attempt ?? undefined,
    });
    switch (outcome.kind) {
      case 'opened':
        return outcome.session;
      case 'full': {
        const { position, waitTicket, retryAfterMs } = outcome;
        throw new ChatError('SERVER_FULL', { position, waitTicket, retryAfterMs });
      }
      case 'address-full':
        throw rateLimited({ rule: 'session', metrics: this.#metrics }, ADDRESS_RETRY_MS);
      case 'already-connected':
        throw alreadyConnected(outcome.startedAtMs);
      case 'replaced':
        throw alreadyConnected(Date.now());
    }
  }
}

function alreadyConnected(startedAtMs: number): ChatError {
  const since = new Date(startedAtMs).toISOString();
  return new ChatError('ALREADY_CONNECTED', {
    message: `You have been connected elsewhere since ${since}. Take over that session to continue here.`,
    since,
  });
}
