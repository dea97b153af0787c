import { ChatError, type UserId } from '@parley/protocol';
import { errors, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify, SignJWT } from 'jose';

const ISSUER = 'parley';

export interface AccessClaims {
  readonly userId: UserId;
  /** False for a token of an earlier release, which did not say it. */
  readonly isGuest: boolean;
  readonly expiresAtMs: number;
}

/** Issues and verifies the short-lived JWTs (HS256) that identify a caller. */
export class AccessTokens {
  /** Imported once, because `jose` would otherwise import the secret for each token. The first one signs. */
  readonly #keys: Promise<readonly [CryptoKey, ...CryptoKey[]]>;
  readonly #ttlMs: number;

  /**
   * @param options.secret the secret, or several separated by commas: the first signs, all are accepted. This replaces a secret
   *   without invalidating the tokens that it signed.
   * @param options.ttlMs lifetime of a token; its end is rounded down to a second, as a JWT requires
   */
  constructor({ secret, ttlMs }: { secret: string; ttlMs: number }) {
    this.#keys = Promise.all(secret.split(',').map(importKey)) as Promise<[CryptoKey, ...CryptoKey[]]>;
    this.#ttlMs = ttlMs;
  }

  async issue({
    id,
    isGuest,
  }: {
    id: UserId;
    isGuest: boolean;
  }): Promise<{ accessToken: string; expiresAtMs: number }> {
    const issuedAtMs = Date.now();
    const expiresAtSeconds = Math.floor((issuedAtMs + this.#ttlMs) / 1_000);
    const accessToken = await new SignJWT(isGuest ? { guest: true } : {})
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(ISSUER)
      .setSubject(id)
      .setIssuedAt(Math.floor(issuedAtMs / 1_000))
      .setExpirationTime(expiresAtSeconds)
      .sign((await this.#keys)[0]);
    return { accessToken, expiresAtMs: expiresAtSeconds * 1_000 };
  }

  /** @throws ChatError `UNAUTHENTICATED` unless the token was issued by this cluster and has not expired */
  async verify(token: string): Promise<AccessClaims> {
    try {
      const { payload } = await this.#verifyWithAnyKey(token);
      return {
        userId: payload.sub as UserId,
        isGuest: payload.guest === true,
        expiresAtMs: (payload.exp as number) * 1_000,
      };
    } catch (error) {
      throw new ChatError('UNAUTHENTICATED', {}, { cause: error });
    }
  }

  async #verifyWithAnyKey(token: string): Promise<JWTVerifyResult> {
    const [first, ...others] = await this.#keys;
    try {
      return await jwtVerify(token, first, VERIFY_OPTIONS);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed) || others.length === 0) throw error;
      return Promise.any(others.map((key) => jwtVerify(token, key, VERIFY_OPTIONS)));
    }
  }
}

const VERIFY_OPTIONS: JWTVerifyOptions = {
  algorithms: ['HS256'],
  issuer: ISSUER,
  audience: ISSUER,
  requiredClaims: ['sub', 'exp'],
};

const importKey = (secret: string): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', new TextEncoder().encode(secret.trim()), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ]);
