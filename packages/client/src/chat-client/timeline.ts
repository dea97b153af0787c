import type { ClientMessageId, Message, MessageId, MessageKind, UserId } from '@parley/protocol';
import { CHANGE_KINDS, isPlaceholder } from '@parley/protocol/constants';
import { applyChanges, toTimelineEntry } from './apply-changes.ts';
import type { TimelineEntry } from './chat-snapshot.ts';

/** Index of the first entry before any older page was loaded. High, because prepended entries get lower indexes. */
const FIRST_INDEX = 1_000_000_000;

const bySeq = (a: Message, b: Message) => a.seq - b.seq;

/** Whether a message is an edit, a deletion or a reaction. It applies to the message in `replyTo` and has no entry of its own. */
export const isChange = ({ kind }: Message): boolean => (CHANGE_KINDS as readonly MessageKind[]).includes(kind);

/** Identifies a message across epochs, in which a message that was sent again has another id and seq. */
const keyOf = (senderId: UserId, clientMessageId: ClientMessageId) => `${senderId} ${clientMessageId}`;

/**
 * The displayed messages of a `ConversationLog`, with edits, deletions and reactions applied. It grows with the log at both
 * ends, and shrinks with it at the front. The cost of adding a message or a page does not depend on the length of the
 * timeline, apart from one copy of the entry list per published snapshot.
 *
 * In the log a change always follows its target. If the target is loaded, a live change applies at once. If not, the change
 * waits until an older page brings the target.
 *
 * Placeholders have no entry. If a message is in the log twice, because it was sent again in a new epoch and the first copy
 * survived, the copy that was loaded first is displayed. The other one is hidden, and its changes apply to the displayed one.
 */
export class Timeline {
  #entries: TimelineEntry[] = [];
  #snapshot: readonly TimelineEntry[] | undefined;
  #firstIndex = FIRST_INDEX;
  /** Index of each entry, also by the ids of its hidden copies. Does not change when older entries are added or removed. */
  readonly #indexes = new Map<MessageId, number>();
  /** Ids of the displayed messages, by sender and `clientMessageId`. */
  readonly #displayed = new Map<string, MessageId>();
  readonly #hidden = new Set<MessageId>();
  /** Changes whose target is not loaded, by id of the target. */
  readonly #waiting = new Map<MessageId, Message[]>();

  /** The entries, oldest first. Returns the same array until an entry is added or changed. */
  get entries(): readonly TimelineEntry[] {
    this.#snapshot ??= this.#entries.slice();
    return this.#snapshot;
  }

  /** Index of the first entry. Decreases by the number of prepended entries, and increases by the number of dropped ones. */
  get firstIndex(): number {
    return this.#firstIndex;
  }

  /** Whether this message of the log is a second copy of a displayed one. */
  isHidden({ id }: Message): boolean {
    return this.#hidden.has(id);
  }

  /** Whether the message of this sender with this `clientMessageId` is displayed. */
  displays(senderId: UserId, clientMessageId: ClientMessageId): boolean {
    return this.#displayed.has(keyOf(senderId, clientMessageId));
  }

  /** Adds messages that were appended to the log. */
  append(messages: readonly Message[]): void {
    for (const message of messages) {
      if (isChange(message)) {
        this.#applyLive(message);
      } else if (this.#isNew(message)) {
        this.#indexes.set(message.id, this.#firstIndex + this.#entries.length);
        this.#entries.push(toTimelineEntry(message));
        this.#snapshot = undefined;
      }
    }
  }

  /** Adds a page that was prepended to the log, oldest first. */
  prepend(page: readonly Message[]): void {
    for (const message of page) if (isChange(message)) this.#addWaiting(message);
    const messages = page.filter((message) => !isChange(message));
    const older = messages.filter((message) => this.#isNew(message)).map((message) => this.#toEntry(message));
    if (older.length > 0) {
      this.#firstIndex -= older.length;
      for (const [index, { message }] of older.entries()) this.#indexes.set(message.id, this.#firstIndex + index);
      this.#entries = older.concat(this.#entries);
      this.#snapshot = undefined;
    }
    for (const message of messages) if (this.#hidden.has(message.id)) this.#hide(message);
  }

  /**
   * Removes messages that were dropped from the front of the log. Changes of them that are still loaded wait again.
   *
   * @param remaining the messages that are still in the log
   */
  dropFirst(dropped: readonly Message[], remaining: readonly Message[]): void {
    let entries = 0;
    for (const message of dropped) {
      const wasKnown = this.#indexes.delete(message.id);
      if (this.#hidden.delete(message.id) || !wasKnown) continue;
      this.#displayed.delete(keyOf(message.senderId, message.clientMessageId));
      entries += 1;
    }
    this.#entries.splice(0, entries);
    this.#firstIndex += entries;
    this.#snapshot = undefined;
    this.#waiting.clear();
    for (const message of remaining) {
      if (isChange(message) && !this.#targetOf(message)) this.#addWaiting(message);
    }
  }

  /** Replaces all entries after messages of holes were found. The newest entry keeps its index. */
  rebuild(messages: readonly Message[]): void {
    const endIndex = this.#firstIndex + this.#entries.length;
    this.#entries = [];
    this.#snapshot = undefined;
    for (const known of [this.#indexes, this.#displayed, this.#hidden, this.#waiting]) known.clear();
    this.#firstIndex = 0;
    this.append(messages);
    this.#firstIndex = endIndex - this.#entries.length;
    for (const [id, index] of this.#indexes) this.#indexes.set(id, this.#firstIndex + index);
  }

  /** Records a message as displayed, unless it is a placeholder or a second copy. */
  #isNew(message: Message): boolean {
    if (isPlaceholder(message)) return false;
    const key = keyOf(message.senderId, message.clientMessageId);
    const displayed = this.#displayed.get(key);
    if (displayed !== undefined) {
      this.#hidden.add(message.id);
      this.#hide(message);
      return false;
    }
    this.#displayed.set(key, message.id);
    return true;
  }

  /** Redirects the changes of a hidden copy to the displayed one. */
  #hide({ id, senderId, clientMessageId }: Message): void {
    const displayed = this.#displayed.get(keyOf(senderId, clientMessageId));
    const index = displayed === undefined ? undefined : this.#indexes.get(displayed);
    if (index === undefined) return;
    this.#indexes.set(id, index);
    const waiting = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    for (const change of waiting.sort(bySeq)) this.#applyLive(change);
  }

  #applyLive(change: Message): void {
    const target = this.#targetOf(change);
    if (!target) {
      this.#addWaiting(change);
      return;
    }
    const changed = applyChanges(target.entry, [change]);
    if (changed === target.entry) return;
    this.#entries[target.position] = changed;
    this.#snapshot = undefined;
  }

  #targetOf({ replyTo }: Message): { readonly position: number; readonly entry: TimelineEntry } | undefined {
    const index = replyTo === undefined ? undefined : this.#indexes.get(replyTo);
    if (index === undefined) return undefined;
    const position = index - this.#firstIndex;
    const entry = this.#entries[position];
    return entry && { position, entry };
  }

  #addWaiting(change: Message): void {
    if (change.replyTo === undefined) return;
    const waiting = this.#waiting.get(change.replyTo);
    if (waiting) waiting.push(change);
    else this.#waiting.set(change.replyTo, [change]);
  }

  #toEntry(message: Message): TimelineEntry {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    return waiting ? applyChanges(toTimelineEntry(message), waiting.sort(bySeq)) : toTimelineEntry(message);
  }
}
