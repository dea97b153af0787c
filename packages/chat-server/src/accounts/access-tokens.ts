import { createSecretKey, type KeyObject } from 'node:crypto';
import { ChatError, type UserId } from '@parley/protocol';
import jwt, { type JwtPayload, type VerifyOptions } from 'jsonwebtoken';

const ISSUER = 'parley';

export interface AccessClaims {
  readonly userId: UserId;
  /** False for a token of an earlier release, which did not say it. */
  readonly isGuest: boolean;
  readonly expiresAtMs: number;
}

/**
 * Issues and verifies the short-lived JWTs (HS256) that identify a caller. Both are synchronous: an HMAC takes microseconds,
 * less than a thread of Node.js' pool would need.
 */
export class AccessTokens {
  /** The first one signs. */
  readonly #keys: readonly [KeyObject, ...KeyObject[]];
  readonly #ttlMs: number;

  /**
   * @param options.secret the secret, or several separated by commas: the first signs, all are accepted. This replaces a secret
   *   without invalidating the tokens that it signed.
   * @param options.ttlMs lifetime of a token; its end is rounded down to a second, as a JWT requires
   */
  constructor({ secret, ttlMs }: { secret: string; ttlMs: number }) {
    const keys = secret.split(',').map((each) => createSecretKey(each.trim(), 'utf8'));
    this.#keys = keys as [KeyObject, ...KeyObject[]];
    this.#ttlMs = ttlMs;
  }

  issue({ id, isGuest }: { id: UserId; isGuest: boolean }): { accessToken: string; expiresAtMs: number } {
    const issuedAtMs = Date.now();
    const iat = Math.floor(issuedAtMs / 1_000);
    const exp = Math.floor((issuedAtMs + this.#ttlMs) / 1_000);
    const claims = { iss: ISSUER, aud: ISSUER, sub: id, iat, exp, ...(isGuest && { guest: true }) };
    return { accessToken: jwt.sign(claims, this.#keys[0], { algorithm: 'HS256' }), expiresAtMs: exp * 1_000 };
  }

  /** @throws ChatError `UNAUTHENTICATED` unless the token was issued by this cluster and has not expired */
  verify(token: string): AccessClaims {
    let cause: unknown;
    for (const key of this.#keys) {
      try {
        const { sub, exp, guest } = jwt.verify(token, key, VERIFY_OPTIONS) as JwtPayload;
        if (typeof sub === 'string' && typeof exp === 'number') {
          return { userId: sub as UserId, isGuest: guest === true, expiresAtMs: exp * 1_000 };
        }
      } catch (error) {
        cause = error;
      }
    }
    throw new ChatError('UNAUTHENTICATED', {}, { cause });
  }
}

const VERIFY_OPTIONS: VerifyOptions = { algorithms: ['HS256'], issuer: ISSUER, audience: ISSUER };
