import type { Message, MessageId, MessageKind } from '@parley/protocol';
import { CHANGE_KINDS } from '@parley/protocol/constants';
import { applyChanges, toTimelineEntry } from './apply-changes.ts';
import type { TimelineEntry } from './chat-snapshot.ts';

/** Index of the first entry before any older page was loaded. High, because prepended entries get lower indexes. */
const FIRST_INDEX = 1_000_000_000;

const bySeq = (a: Message, b: Message) => a.seq - b.seq;

/** Whether a message is an edit, a deletion or a reaction. It applies to the message in `replyTo` and has no entry of its own. */
export const isChange = ({ kind }: Message): boolean => (CHANGE_KINDS as readonly MessageKind[]).includes(kind);

/**
 * The displayed messages of a `ConversationLog`, with edits, deletions and reactions applied. It grows with the log at both
 * ends. The cost of adding a message or a page does not depend on the length of the timeline, apart from one copy of the
 * entry list per published snapshot.
 *
 * In the log a change always follows its target. If the target is loaded, a live change applies at once. If not, the change
 * waits until an older page brings the target.
 */
export class Timeline {
  #entries: TimelineEntry[] = [];
  #snapshot: readonly TimelineEntry[] | undefined;
  #firstIndex = FIRST_INDEX;
  /** Index of each entry. Does not change when older entries are prepended. */
  readonly #indexes = new Map<MessageId, number>();
  /** Changes whose target is not loaded, by id of the target. */
  readonly #waiting = new Map<MessageId, Message[]>();

  /** The entries, oldest first. Returns the same array until an entry is added or changed. */
  get entries(): readonly TimelineEntry[] {
    this.#snapshot ??= this.#entries.slice();
    return this.#snapshot;
  }

  /** Index of the first entry. Decreases by the number of prepended entries. */
  get firstIndex(): number {
    return this.#firstIndex;
  }

  /** Adds messages that were appended to the log. */
  append(messages: readonly Message[]): void {
    for (const message of messages) {
      if (isChange(message)) {
        this.#applyLive(message);
      } else {
        this.#indexes.set(message.id, this.#firstIndex + this.#entries.length);
        this.#entries.push(toTimelineEntry(message));
        this.#snapshot = undefined;
      }
    }
  }

  /** Adds a page that was prepended to the log, oldest first. */
  prepend(page: readonly Message[]): void {
    for (const message of page) if (isChange(message)) this.#addWaiting(message);
    const older = page.filter((message) => !isChange(message)).map((message) => this.#toEntry(message));
    if (older.length === 0) return;
    this.#firstIndex -= older.length;
    for (const [index, { message }] of older.entries()) this.#indexes.set(message.id, this.#firstIndex + index);
    this.#entries = older.concat(this.#entries);
    this.#snapshot = undefined;
  }

  #applyLive(change: Message): void {
    const index = change.replyTo === undefined ? undefined : this.#indexes.get(change.replyTo);
    const entry = index === undefined ? undefined : this.#entries[index - this.#firstIndex];
    if (index === undefined || !entry) {
      this.#addWaiting(change);
      return;
    }
    const changed = applyChanges(entry, [change]);
    if (changed === entry) return;
    this.#entries[index - this.#firstIndex] = changed;
    this.#snapshot = undefined;
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
