export type SeenAs = 'first' | 'first-but-late' | 'repeated' | 'known';

/** What one user has seen of one conversation, from the moment it came. Every `seq` after that must come exactly once. */
export class ConversationTracker {
  readonly #from: number;
  readonly #seen = new Set<number>();
  readonly #live = new Set<number>();
  /** What the user was acked for, by `seq`. */
  readonly #own = new Map<number, string>();
  readonly #clientMessageIds = new Map<number, string>();
  #upTo: number;
  #highestLive = 0;
  #head: number;

  /** @param from everything up to this `seq` was there before */
  constructor(from: number) {
    this.#from = from;
    this.#upTo = from;
    this.#head = from;
  }

  /** Everything up to here was seen. */
  get upTo(): number {
    return this.#upTo;
  }

  get isComplete(): boolean {
    return this.#upTo >= this.#head;
  }

  /** How many that exist were not seen yet. */
  get missing(): number {
    let missing = 0;
    for (let seq = this.#upTo + 1; seq <= this.#head; seq += 1) if (!this.#seen.has(seq)) missing += 1;
    return missing;
  }

  /** The conversation reaches at least this far. */
  extendTo(headSeq: number): void {
    this.#head = Math.max(this.#head, headSeq);
  }

  /** A packet (`live`) or a page showed a message. */
  see(seq: number, clientMessageId: string, how: 'live' | 'page'): SeenAs {
    this.extendTo(seq);
    if (seq <= this.#from) return 'known';
    if (how === 'live' && this.#live.has(seq)) return 'repeated';
    const isLate = how === 'live' && seq < this.#highestLive;
    if (how === 'live') {
      this.#live.add(seq);
      this.#highestLive = Math.max(this.#highestLive, seq);
    }
    if (this.#seen.has(seq)) return 'known';
    this.#seen.add(seq);
    this.#clientMessageIds.set(seq, clientMessageId);
    while (this.#seen.has(this.#upTo + 1)) this.#upTo += 1;
    return isLate ? 'first-but-late' : 'first';
  }

  /** The user's own message was acked with this place. */
  acked(seq: number, clientMessageId: string): void {
    this.extendTo(seq);
    this.#own.set(seq, clientMessageId);
  }

  /** How many of the user's own acked messages were shown with another one in their place. */
  get wrongPosition(): number {
    return [...this.#own].filter(([seq, id]) => this.#seen.has(seq) && this.#clientMessageIds.get(seq) !== id).length;
  }
}
