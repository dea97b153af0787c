import { ChatError, type UserId } from '@parley/protocol';
import { jwtVerify, SignJWT } from 'jose';

/** How long an access token is good for. */
export const ACCESS_TOKEN_TTL_MS = 15 * 60_000;

const ISSUER = 'parley';

export interface AccessClaims {
  readonly userId: UserId;
  readonly expiresAtMs: number;
}

/** Issues and checks the short-lived JWTs (HS256) that prove who a caller is. */
export class AccessTokens {
  /** Imported once: `jose` would do it anew for each token. */
  readonly #key: Promise<CryptoKey>;

  constructor(secret: string) {
    const raw = new TextEncoder().encode(secret);
    this.#key = crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']);
  }

  async issue(userId: UserId): Promise<{ accessToken: string; expiresAtMs: number }> {
    const issuedAtSeconds = Math.floor(Date.now() / 1_000);
    const expiresAtSeconds = issuedAtSeconds + ACCESS_TOKEN_TTL_MS / 1_000;
    const accessToken = await new SignJWT()
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(ISSUER)
      .setSubject(userId)
      .setIssuedAt(issuedAtSeconds)
      .setExpirationTime(expiresAtSeconds)
      .sign(await this.#key);
    return { accessToken, expiresAtMs: expiresAtSeconds * 1_000 };
  }

  /** @throws ChatError `UNAUTHENTICATED` for anything but a token of ours that is still good */
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
