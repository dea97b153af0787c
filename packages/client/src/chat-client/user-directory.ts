import type { User, UserId } from '@parley/protocol';

/** Ids requested within this time share one request. */
const BATCH_MS = 30;

/** Ids per request. */
const MAX_IDS = 100;

/** All known users. Unknown ids are looked up in batches. */
export class UserDirectory {
  #byId: ReadonlyMap<UserId, User> = new Map();
  readonly #lookUp: (ids: readonly UserId[]) => Promise<User[]>;
  readonly #onChange: (users: ReadonlyMap<UserId, User>) => void;
  readonly #missing = new Set<UserId>();
  readonly #requested = new Set<UserId>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: {
    /** May reject. The ids are then requested again on the next `ensureKnown`. */
    lookUp: (ids: readonly UserId[]) => Promise<User[]>;
    onChange: (users: ReadonlyMap<UserId, User>) => void;
  }) {
    this.#lookUp = options.lookUp;
    this.#onChange = options.onChange;
  }

  add(users: readonly User[]): void {
    const changed = users.filter(({ id, displayName }) => this.#byId.get(id)?.displayName !== displayName);
    if (changed.length === 0) return;
    this.#byId = new Map([...this.#byId, ...changed.map((user) => [user.id, user] as const)]);
    this.#onChange(this.#byId);
  }

  /** Looks up the users among these that are not known yet. */
  ensureKnown(ids: readonly UserId[]): void {
    for (const id of ids) if (!this.#byId.has(id) && !this.#requested.has(id)) this.#missing.add(id);
    if (this.#missing.size > 0) this.#timer ??= setTimeout(() => void this.#lookUpBatch(), BATCH_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#missing.clear();
  }

  async #lookUpBatch(): Promise<void> {
    this.#timer = undefined;
    const ids = [...this.#missing].slice(0, MAX_IDS);
    for (const id of ids) {
      this.#missing.delete(id);
      this.#requested.add(id);
    }
    try {
      this.add(await this.#lookUp(ids));
    } catch {
      for (const id of ids) this.#requested.delete(id);
    }
    this.ensureKnown([]);
  }
}
