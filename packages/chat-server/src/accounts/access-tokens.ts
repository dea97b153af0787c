import { ChatError, type UserId } from '@parley/protocol';
import { jwtVerify, SignJWT } from 'jose';

const ISSUER = 'parley';

export interface AccessClaims {
  readonly userId: UserId;
  readonly expiresAtMs: number;
}

/** Issues and verifies the short-lived JWTs (HS256) that identify a caller. */
export class AccessTokens {
  /** Imported once, because `jose` would otherwise import the secret for each token. */
  readonly #key: Promise<CryptoKey>;
  readonly #ttlMs: number;

  /** @param options.ttlMs lifetime of a token; its end is rounded down to a second, as a JWT requires */
  constructor({ secret, ttlMs }: { secret: string; ttlMs: number }) {
    const raw = new TextEncoder().encode(secret);
    this.#key = crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
    this.#ttlMs = ttlMs;
  }

  async issue(userId: UserId): Promise<{ accessToken: string; expiresAtMs: number }> {
    const issuedAtMs = Date.now();
    const expiresAtSeconds = Math.floor((issuedAtMs + this.#ttlMs) / 1_000);
    const accessToken = await new SignJWT()
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(ISSUER)
      .setSubject(userId)
      .setIssuedAt(Math.floor(issuedAtMs / 1_000))
      .setExpirationTime(expiresAtSeconds)
      .sign(await this.#key);
    return { accessToken, expiresAtMs: expiresAtSeconds * 1_000 };
  }

  /** @throws ChatError `UNAUTHENTICATED` unless the token was issued by this cluster and has not expired */
  async verify(token: string): Promise<AccessClaims> {
    try {
      const { payload } = await jwtVerify(token, await this.#key, {
        algorithms: ['HS256'],
        issuer: ISSUER,
        audience: ISSUER,
        requiredClaims: ['sub', 'exp'],
      });
      return { userId: payload.sub as UserId, expiresAtMs: (payload.exp as number) * 1_000 };
    } catch (error) {
      throw new ChatError('UNAUTHENTICATED', {}, { cause: error });
    }
  }
}
