import type { User, UserId } from '@parley/protocol';

/** Names that are asked for within this time share one request. */
const GATHER_MS = 30;

/** How many ids one request carries. */
const MAX_IDS = 100;

/** Who is who: everyone that anything has named, and whoever had to be looked up because only an id was there. */
export class UserDirectory {
  #byId: ReadonlyMap<UserId, User> = new Map();
  readonly #lookUp: (ids: readonly UserId[]) => Promise<User[]>;
  readonly #onChange: (users: ReadonlyMap<UserId, User>) => void;
  readonly #wanted = new Set<UserId>();
  readonly #asked = new Set<UserId>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: {
    /** May reject; those people are asked for again when they are next seen. */
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

  /** Sees to it that these people's names get known. */
  need(ids: readonly UserId[]): void {
    for (const id of ids) if (!this.#byId.has(id) && !this.#asked.has(id)) this.#wanted.add(id);
    if (this.#wanted.size > 0) this.#timer ??= setTimeout(() => void this.#ask(), GATHER_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#wanted.clear();
  }

  async #ask(): Promise<void> {
    this.#timer = undefined;
    const ids = [...this.#wanted].slice(0, MAX_IDS);
    for (const id of ids) {
      this.#wanted.delete(id);
      this.#asked.add(id);
    }
    try {
      this.add(await this.#lookUp(ids));
    } catch {
      for (const id of ids) this.#asked.delete(id);
    }
    this.need([]);
  }
}
