import type { SignedIn, User } from '@parley/protocol';
import { ParleyError } from '../parley-error.ts';
import { requestedDelayMs, retryDelayMs } from '../retry-delay.ts';
import { singleFlight } from '../single-flight.ts';
import { type JsonReply, requestJson } from './request-json.ts';

/** Long, because a rotated cookie whose reply is given up on is lost, and the login with it. */
const DEADLINE_MS = 30_000;

/** The share of an access token's life after which it is renewed. */
const RENEW_AFTER = 0.8;

/** How many times in an access token's life it is looked whether it is time, for timers stand still while a machine sleeps. */
const LOOKS_PER_LIFE = 60;

/** However short its life is. */
const MIN_RENEWAL_MS = 1_000;

/** A token this close to its end is not used any more. */
const EXPIRY_MARGIN_MS = 5_000;

const REFRESH_COOKIE_LOCK = 'parley-refresh-cookie';

interface Grant {
  readonly user: User;
  readonly accessToken: string;
  /** By this machine's clock. */
  readonly expiresAtMs: number;
}

/**
 * Proof of who the user is: the access token, in memory only, and the refresh cookie, which the browser keeps out of
 * reach (Node has no cookie jar, so there it is kept here). The token is renewed in good time by a timer that `close` ends.
 * A refresh cookie works once; calls that use it therefore go one at a time, in a browser across all of its tabs.
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

  /** The user who is signed in. */
  get user(): User | undefined {
    return this.#grant?.user;
  }

  /** @throws ParleyError */
  signIn(how: 'register' | 'login' | 'guest', payload: Record<string, string | undefined>): Promise<User> {
    return this.#exclusively(async () => this.#accept(await this.#post<SignedIn>(how, payload)));
  }

  /**
   * Rotates the refresh cookie for a new access token; the live session is extended by that as well.
   *
   * @throws ParleyError `UNAUTHENTICATED` when the login has ended
   */
  refresh(): Promise<User> {
    return this.#refreshOnce();
  }

  /** A token that is good for some seconds at least. @throws ParleyError */
  async accessToken(): Promise<string> {
    if (!this.#grant || Date.now() > this.#grant.expiresAtMs - EXPIRY_MARGIN_MS) await this.refresh();
    if (!this.#grant) throw loginEnded('You are not logged in.');
    return this.#grant.accessToken;
  }

  /** Ends the login here at once, and in the cluster when it answers. @throws ParleyError when it does not */
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
      throw loginEnded('Someone else has logged in in this browser.');
    }
    return this.#accept(reply);
  }

  #accept({ body, headers }: JsonReply<SignedIn>): User {
    // The life is taken from the server's clock alone: this machine's may be wrong by hours.
    const serverNowMs = Date.parse(headers.get('date') ?? '') || Date.now();
    const lifeMs = Math.max(0, Date.parse(body.expiresAt) - serverNowMs);
    this.#grant = { user: body.user, accessToken: body.accessToken, expiresAtMs: Date.now() + lifeMs };
    if (!this.#isClosed) this.#renewIn(Math.max(MIN_RENEWAL_MS, lifeMs * RENEW_AFTER), lifeMs / LOOKS_PER_LIFE);
    return body.user;
  }

  /** Whichever clock gets there first: one may stand still while the machine sleeps, the other may be set back. */
  #renewIn(delayMs: number, lookEveryMs: number, failures = 0): void {
    const dueAtMs = Date.now() + delayMs;
    const dueAt = performance.now() + delayMs;
    const look = () => {
      const leftMs = Math.min(dueAtMs - Date.now(), dueAt - performance.now());
      if (leftMs > 0) this.#renewal = setTimeout(look, Math.min(leftMs, lookEveryMs));
      else void this.#renew(lookEveryMs, failures);
    };
    clearTimeout(this.#renewal);
    look();
  }

  async #renew(lookEveryMs: number, failures: number): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      // A login that has ended shows at the next call; everything else passes.
      if (!(error instanceof ParleyError) || !error.retryable || !this.#grant || this.#isClosed) return;
      const { retryAfterMs } = error;
      const backoffMs = retryDelayMs(failures + 1, 1_000, 30_000);
      const delayMs = Math.max(backoffMs, retryAfterMs === undefined ? 0 : requestedDelayMs(retryAfterMs));
      this.#renewIn(delayMs, lookEveryMs, failures + 1);
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
    // Browsers show no cookies here, and send their own.
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
