/** How a message was seen: for the first time, late after one with a higher `seq`, once more, or already known from a page. */
export type SeenAs = 'first' | 'first-but-late' | 'repeated' | 'known';

/** Tracks which messages of one conversation a client has seen. Every `seq` above the start must be seen exactly once. */
export class ConversationTracker {
  readonly #start: number;
  /** Seen above `upTo`. */
  readonly #seen = new Set<number>();
  readonly #live = new Set<number>();
  /** `clientMessageId` of the client's own acked messages, by `seq`. */
  readonly #acked = new Map<number, string>();
  readonly #clientMessageIds = new Map<number, string>();
  #upTo: number;
  #highestLive = 0;
  #head: number;

  /** @param start messages up to this `seq` are older than the client */
  constructor(start: number) {
    this.#start = start;
    this.#upTo = start;
    this.#head = start;
  }

  /** The highest `seq` up to which every message was seen. */
  get upTo(): number {
    return this.#upTo;
  }

  get isComplete(): boolean {
    return this.#upTo >= this.#head;
  }

  /** Number of existing messages that were not seen. */
  get missing(): number {
    return Math.max(0, this.#head - this.#upTo) - this.#seen.size;
  }

  /** Number of seqs at which the client saw a message other than its own acked one. */
  get wrongPosition(): number {
    return [...this.#acked].filter(([seq, id]) => (this.#clientMessageIds.get(seq) ?? id) !== id).length;
  }

  /** Records that the conversation has at least this many messages. */
  extendTo(headSeq: number): void {
    this.#head = Math.max(this.#head, headSeq);
  }

  /**
   * Forgets every message above this seq: a new epoch began, in which these positions may hold other messages.
   *
   * @param seq everything up to it is in the history store, so it stays what it is
   */
  rewindTo(seq: number): void {
    this.#upTo = Math.max(this.#start, Math.min(this.#upTo, seq));
    this.#head = this.#upTo;
    this.#highestLive = Math.min(this.#highestLive, this.#upTo);
    for (const positions of [this.#seen, this.#live, this.#acked, this.#clientMessageIds]) {
      for (const position of positions.keys()) if (position > this.#upTo) positions.delete(position);
    }
  }

  /** Records a message from a packet (`live`) or a page. */
  see(seq: number, clientMessageId: string, how: 'live' | 'page'): SeenAs {
    this.extendTo(seq);
    if (seq <= this.#start) return 'known';
    if (how === 'live' && this.#live.has(seq)) return 'repeated';
    const isLate = how === 'live' && seq < this.#highestLive;
    if (how === 'live') {
      this.#live.add(seq);
      this.#highestLive = Math.max(this.#highestLive, seq);
    }
    if (seq <= this.#upTo || this.#seen.has(seq)) return 'known';
    this.#seen.add(seq);
    this.#clientMessageIds.set(seq, clientMessageId);
    while (this.#seen.delete(this.#upTo + 1)) this.#upTo += 1;
    return isLate ? 'first-but-late' : 'first';
  }

  /** Records that the client's own message was acked with this `seq`. */
  acked(seq: number, clientMessageId: string): void {
    this.extendTo(seq);
    this.#acked.set(seq, clientMessageId);
  }
}
