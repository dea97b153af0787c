import type { User, UserId } from '@parley/protocol';
import { SYSTEM_ID } from '@parley/protocol/constants';
import { delayAfterMs } from '../retry-delay.ts';

/** Ids requested within this time share one request. */
const BATCH_MS = 30;

/** Ids per request. */
const MAX_IDS = 100;

/** Maximum backoff after failed requests. */
const MAX_BACKOFF_MS = 30_000;

/** If more users are known, those that are not in use are forgotten. */
const MAX_USERS = 5_000;

/** The users who became known last are kept, even if nothing shows them yet. */
const MIN_RECENT = 1_000;

/** The known users, at most `MAX_USERS` besides those in use. Unknown ids are looked up in batches. */
export class UserDirectory {
  #byId: ReadonlyMap<UserId, User> = new Map();
  readonly #lookUp: (ids: readonly UserId[]) => Promise<User[]>;
  readonly #onChange: (users: ReadonlyMap<UserId, User>) => void;
  readonly #inUse: () => ReadonlySet<UserId>;
  readonly #missing = new Set<UserId>();
  /** Ids that are being looked up, or that belong to no user. */
  readonly #requested = new Set<UserId>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** The error of the last request, if it failed. */
  #failure: unknown;
  #isClosed = false;
  /** Number of users at which the unused ones are forgotten. */
  #forgetAt = MAX_USERS;

  constructor(options: {
    /** May reject. The ids are then requested again on the next `ensureKnown`, after a backoff. */
    lookUp: (ids: readonly UserId[]) => Promise<User[]>;
    /** Returns the users that a loaded message or a conversation refers to. */
    inUse: () => ReadonlySet<UserId>;
    onChange: (users: ReadonlyMap<UserId, User>) => void;
  }) {
    this.#lookUp = options.lookUp;
    this.#inUse = options.inUse;
    this.#onChange = options.onChange;
  }

  add(users: readonly User[]): void {
    const changed = users.filter(({ id, displayName }) => this.#byId.get(id)?.displayName !== displayName);
    if (changed.length === 0) return;
    this.#byId = new Map([...this.#byId, ...changed.map((user) => [user.id, user] as const)]);
    if (this.#byId.size > this.#forgetAt) this.#forgetUnused(Math.max(MIN_RECENT, changed.length));
    this.#onChange(this.#byId);
  }

  /** Looks up the users among these that are not known yet. */
  ensureKnown(ids: readonly UserId[]): void {
    for (const id of ids) {
      if (id !== SYSTEM_ID && !this.#byId.has(id) && !this.#requested.has(id)) this.#missing.add(id);
    }
    if (this.#missing.size === 0 || this.#isClosed) return;
    const delayMs = this.#failures === 0 ? BATCH_MS : delayAfterMs(this.#failures, this.#failure, 250, MAX_BACKOFF_MS);
    this.#timer ??= setTimeout(() => void this.#lookUpBatch(), delayMs);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#missing.clear();
  }

  async #lookUpBatch(): Promise<void> {
    this.#timer = undefined;
    const ids = [...this.#missing].slice(0, MAX_IDS);
    if (this.#requested.size > MAX_USERS) this.#requested.clear();
    for (const id of ids) {
      this.#missing.delete(id);
      this.#requested.add(id);
    }
    try {
      this.add(await this.#lookUp(ids));
      this.#failures = 0;
      // A user who is forgotten later is looked up again.
      for (const id of ids) if (this.#byId.has(id)) this.#requested.delete(id);
    } catch (error) {
      this.#failures += 1;
      this.#failure = error;
      for (const id of ids) this.#requested.delete(id);
    }
    this.ensureKnown([]);
  }

  #forgetUnused(recentUsers: number): void {
    const inUse = this.#inUse();
    const firstRecent = this.#byId.size - recentUsers;
    this.#byId = new Map([...this.#byId].filter(([id], index) => index >= firstRecent || inUse.has(id)));
    this.#forgetAt = Math.max(MAX_USERS, 2 * this.#byId.size);
  }
}
