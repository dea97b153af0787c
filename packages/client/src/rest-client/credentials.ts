import type { SignedIn, User } from '@parley/protocol';
import { ParleyError } from '../parley-error.ts';
import { delayAfterMs } from '../retry-delay.ts';
import { singleFlight } from '../single-flight.ts';
import { type JsonReply, requestJson } from './request-json.ts';

/** Longer than for other calls: a refresh rotates the cookie, and a lost reply may end the login. */
const DEADLINE_MS = 30_000;

/** An access token is renewed after this part of its lifetime. */
const RENEW_AFTER = 0.8;

/** Checks per token lifetime for a due renewal. A single timer would stop while the machine sleeps. */
const CHECKS_PER_LIFETIME = 60;

/** Minimum time between two checks. */
const MIN_CHECK_MS = 100;

/** Minimum time between two renewals. */
const MIN_RENEWAL_MS = 1_000;

/** A token that expires within this time is renewed before use. */
const EXPIRY_MARGIN_MS = 5_000;

const REFRESH_COOKIE_LOCK = 'parley-refresh-cookie';

interface Grant {
  readonly user: User;
  readonly accessToken: string;
  /** On the local clock. */
  readonly expiresAtMs: number;
}

/**
 * The login of one user: the access token, which stays in memory, and the refresh cookie. In a browser the cookie is not
 * accessible to scripts. Node has no cookie jar, so there this object holds it.
 *
 * ## Signed out
 * No access token. `signIn` and `refresh` lead to signed in.
 *
 * ## Signed in
 * A timer renews the access token before it expires and retries with backoff. `signOut`, and a refresh for another user, lead
 * to signed out. `close` stops the timer.
 *
 * Each refresh replaces the cookie. Therefore calls that use it run one at a time, in a browser across all tabs.
 */
export class Credentials {
  readonly #authUrl: string;
  #grant: Grant | undefined;
  #refreshCookie: string | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #lastExclusive: Promise<unknown> = Promise.resolve();
  readonly #refreshOnce = singleFlight(() => this.#exclusively(() => this.#refreshNow()));

  constructor(baseUrl: string) {
    this.#authUrl = `${baseUrl}/api/auth`;
  }

  /** The signed-in user. */
  get user(): User | undefined {
    return this.#grant?.user;
  }

  /** @throws ParleyError */
  signIn(how: 'register' | 'login' | 'guest', payload: Record<string, string | undefined>): Promise<User> {
    return this.#exclusively(async () => this.#accept(await this.#post<SignedIn>(how, payload)));
  }

  /**
   * Gets a new access token with the refresh cookie. This also extends the live session.
   *
   * @throws ParleyError `UNAUTHENTICATED` if the login has ended
   */
  refresh(): Promise<User> {
    return this.#refreshOnce();
  }

  /** Returns a token that is valid for at least some seconds. @throws ParleyError */
  async accessToken(): Promise<string> {
    if (!this.#grant || Date.now() > this.#grant.expiresAtMs - EXPIRY_MARGIN_MS) await this.refresh();
    if (!this.#grant) throw loginEnded('You are not logged in. Log in first.');
    return this.#grant.accessToken;
  }

  /** Signs out locally at once, then ends the login in the cluster. @throws ParleyError if the cluster does not answer */
  async signOut(): Promise<void> {
    this.#forget();
    await this.#exclusively(async () => {
      this.#forget();
      await this.#post('logout');
    });
    this.#refreshCookie = undefined;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#renewal);
  }

  #forget(): void {
    clearTimeout(this.#renewal);
    this.#grant = undefined;
  }

  async #refreshNow(): Promise<User> {
    const before = this.user;
    const reply = await this.#post<SignedIn>('refresh');
    if (before && before.id !== reply.body.user.id) {
      this.#forget();
      throw loginEnded('Another user has logged in in this browser. Log in again.');
    }
    return this.#accept(reply);
  }

  #accept({ body, headers }: JsonReply<SignedIn>): User {
    // The lifetime is computed from the server's clock only, because the local clock may be wrong by hours.
    const serverNowMs = Date.parse(headers.get('date') ?? '') || Date.now();
    const lifetimeMs = Math.max(0, Date.parse(body.expiresAt) - serverNowMs);
    this.#grant = { user: body.user, accessToken: body.accessToken, expiresAtMs: Date.now() + lifetimeMs };
    if (!this.#isClosed)
      this.#renewIn(
        Math.max(MIN_RENEWAL_MS, lifetimeMs * RENEW_AFTER),
        Math.max(MIN_CHECK_MS, lifetimeMs / CHECKS_PER_LIFETIME),
      );
    return body.user;
  }

  /** Renews when either clock has reached the time: the monotonic one may stop during sleep, the other may be set back. */
  #renewIn(delayMs: number, checkEveryMs: number, failures = 0): void {
    const dueAtMs = Date.now() + delayMs;
    const dueAt = performance.now() + delayMs;
    const check = () => {
      const leftMs = Math.min(dueAtMs - Date.now(), dueAt - performance.now());
      if (leftMs > 0) this.#renewal = setTimeout(check, Math.min(leftMs, checkEveryMs));
      else void this.#renew(checkEveryMs, failures);
    };
    clearTimeout(this.#renewal);
    check();
  }

  async #renew(checkEveryMs: number, failures: number): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      // An ended login is reported by the next call.
      if (!(error instanceof ParleyError) || !error.retryable || !this.#grant || this.#isClosed) return;
      this.#renewIn(delayAfterMs(failures + 1, error, 1_000, 30_000), checkEveryMs, failures + 1);
    }
  }

  async #post<T>(what: string, body?: Record<string, string | undefined>): Promise<JsonReply<T>> {
    const reply = await requestJson<T>(`${this.#authUrl}/${what}`, {
      method: 'POST',
      ...(body && { body }),
      ...(this.#refreshCookie !== undefined && { headers: { cookie: this.#refreshCookie } }),
      deadlineMs: DEADLINE_MS,
      keepalive: true,
    });
    // Set in Node only. Browsers hide this header and send the cookie themselves.
    const [cookie] = reply.headers.getSetCookie();
    if (cookie !== undefined) this.#refreshCookie = cookie.split(';', 1)[0];
    return reply;
  }

  #exclusively<T>(task: () => Promise<T>): Promise<T> {
    const locks: typeof navigator.locks | undefined = 'document' in globalThis ? navigator.locks : undefined;
    if (locks) return locks.request(REFRESH_COOKIE_LOCK, task) as Promise<T>;
    const run = this.#lastExclusive.then(task);
    this.#lastExclusive = run.catch(() => undefined);
    return run;
  }
}

const loginEnded = (message: string) => new ParleyError({ code: 'UNAUTHENTICATED', message, retryable: false });
