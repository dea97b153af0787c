import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { RefreshTokenStore, UserRecord, UserStore } from '@parley/message-store';
import { ASSISTANT_ID, ChatError, type SignedIn, type User, type UserId } from '@parley/protocol';
import type { AccessTokens } from './access-tokens.ts';
import type { PasswordWork } from './password-work.ts';
import { hashPassword } from './passwords.ts';

/** Lifetime of a refresh token. Each refresh issues a new one. */
const REFRESH_TOKEN_TTL_MS = 30 * 24 * 3_600_000;

/** How exact the recorded time of a guest's last sign-in is. Guests refresh their token every few minutes. */
const SIGN_IN_PRECISION_MS = 3_600_000;

/** The result of a login or refresh: the body of the reply and the refresh token for the cookie. */
export interface Grant {
  readonly signedIn: SignedIn;
  readonly refreshToken: string;
  /** Of the refresh token. */
  readonly expiresAtMs: number;
}

/** Returns what other users may see of a user. */
export const toUser = (record: UserRecord): User => ({
  id: record.id,
  username: record.username,
  displayName: record.displayName,
  kind: kindOf(record),
});

/** Derived, so users stored before kinds existed have one too. */
function kindOf({ id, passwordHash }: UserRecord): User['kind'] {
  if (id === ASSISTANT_ID) return 'assistant';
  return passwordHash === undefined ? 'guest' : 'account';
}

const hashToken = (token: string) => createHash('sha256').update(token).digest('base64url');
const newRefreshToken = () => randomBytes(32).toString('base64url');
const newUserId = () => `u_${randomBytes(9).toString('base64url')}` as UserId;

/** Verified for unknown usernames, so the response time does not reveal which names exist. */
const decoyHash = hashPassword(randomUUID());

/** Registers users, logs them in, creates guests, and rotates the refresh tokens. */
export class Accounts {
  readonly #users: UserStore;
  readonly #refreshTokens: RefreshTokenStore;
  readonly #accessTokens: AccessTokens;
  readonly #passwords: PasswordWork;
  readonly #guestTtlMs: number;

  /** @param parts.guestTtlMs a guest that does not sign in for this time expires */
  constructor(parts: {
    users: UserStore;
    refreshTokens: RefreshTokenStore;
    accessTokens: AccessTokens;
    passwords: PasswordWork;
    guestTtlMs: number;
  }) {
    this.#users = parts.users;
    this.#refreshTokens = parts.refreshTokens;
    this.#accessTokens = parts.accessTokens;
    this.#passwords = parts.passwords;
    this.#guestTtlMs = parts.guestTtlMs;
  }

  /** @throws ChatError `CONFLICT` if the username is taken */
  async register(username: string, password: string, displayName: string | undefined): Promise<Grant> {
    const user = newUser(username, displayName ?? username, await this.#passwords.hash(password));
    if (!(await this.#users.create(user))) {
      throw new ChatError('CONFLICT', { message: 'The username is taken. Choose another one.' });
    }
    return this.#grant(user);
  }

  /** @throws ChatError `UNAUTHENTICATED`, the same for an unknown username and a wrong password */
  async logIn(username: string, password: string): Promise<Grant> {
    const user = await this.#users.findByUsername(username);
    const matches = await this.#passwords.verify(password, user?.passwordHash ?? decoyHash);
    if (!user?.passwordHash || !matches) {
      throw new ChatError('UNAUTHENTICATED', {
        message: 'The username or password is wrong. Check both and try again.',
      });
    }
    return this.#grant(user);
  }

  async createGuest(displayName: string): Promise<Grant> {
    const guest = newUser(`guest-${randomBytes(6).toString('hex')}`, displayName, undefined);
    const user = { ...guest, lastSignInAtMs: guest.createdAtMs };
    if (!(await this.#users.create(user))) throw new Error('a random guest username is taken');
    return this.#grant(user);
  }

  /**
   * Replaces a refresh token by its successor.
   *
   * @throws ChatError `UNAUTHENTICATED` if it is unknown, expired or used before, or the guest has expired. A token that was used before ends
   *   its whole login
   */
  async refresh(refreshToken: string): Promise<Grant> {
    const next = newRefreshToken();
    const expiresAtMs = Date.now() + REFRESH_TOKEN_TTL_MS;
    const outcome = await this.#refreshTokens.rotate(
      hashToken(refreshToken),
      { tokenHash: hashToken(next), expiresAtMs },
      Date.now(),
    );
    const user = outcome.kind === 'rotated' ? await this.#users.findById(outcome.userId) : undefined;
    if (!user || !(await this.#maySignIn(user))) {
      if (user) await this.#refreshTokens.endFamilyOf(hashToken(next));
      throw new ChatError('UNAUTHENTICATED', { message: 'The login has ended. Log in again.' });
    }
    return this.#signIn(user, next, expiresAtMs);
  }

  async logOut(refreshToken: string): Promise<void> {
    await this.#refreshTokens.endFamilyOf(hashToken(refreshToken));
  }

  /** Whether a user who has a valid token may use it. Records the sign-in of a guest, which is what keeps it from expiring. */
  async #maySignIn(user: UserRecord): Promise<boolean> {
    if (kindOf(user) !== 'guest') return true;
    const nowMs = Date.now();
    const absentMs = nowMs - (user.lastSignInAtMs ?? nowMs);
    if (user.expiredAtMs !== undefined || absentMs > this.#guestTtlMs) return false;
    const isRecent =
      user.lastSignInAtMs !== undefined && absentMs < Math.min(SIGN_IN_PRECISION_MS, this.#guestTtlMs / 10);
    return isRecent || this.#users.recordSignIn(user.id, nowMs);
  }

  async #grant(user: UserRecord): Promise<Grant> {
    const refreshToken = newRefreshToken();
    const expiresAtMs = Date.now() + REFRESH_TOKEN_TTL_MS;
    await this.#refreshTokens.issue({
      tokenHash: hashToken(refreshToken),
      familyId: randomUUID(),
      userId: user.id,
      expiresAtMs,
    });
    return this.#signIn(user, refreshToken, expiresAtMs);
  }

  #signIn(user: UserRecord, refreshToken: string, refreshExpiresAtMs: number): Grant {
    const { accessToken, expiresAtMs } = this.#accessTokens.issue({ id: user.id, isGuest: kindOf(user) === 'guest' });
    const signedIn = { user: toUser(user), accessToken, expiresAt: new Date(expiresAtMs).toISOString() };
    return { signedIn, refreshToken, expiresAtMs: refreshExpiresAtMs };
  }
}

const newUser = (username: string, displayName: string, passwordHash: string | undefined): UserRecord => ({
  id: newUserId(),
  username,
  displayName,
  passwordHash,
  createdAtMs: Date.now(),
});
