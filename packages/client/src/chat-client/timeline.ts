import type { Message, MessageId, MessageKind } from '@parley/protocol';
import { CHANGE_KINDS } from '@parley/protocol/constants';
import { applyChanges, toTimelineEntry } from './apply-changes.ts';
import type { TimelineEntry } from './chat-snapshot.ts';

/** The number of the first entry of a run that has no older page yet. */
const FIRST_INDEX = 1_000_000_000;

const bySeq = (a: Message, b: Message) => a.seq - b.seq;

/** Whether it changes another message, which `replyTo` names, and shows in that one's entry only. */
export const isChange = ({ kind }: Message): boolean => (CHANGE_KINDS as readonly MessageKind[]).includes(kind);

/**
 * What the rows of one run of a log show. It grows with the run at both ends and folds only what is new: a message, or a
 * page, costs the same however long the run is, but for one copy of the list for each snapshot that shows a change.
 *
 * A change comes after its target in the log. Of a target that is not loaded the changes are kept until an older page
 * brings it; where it is loaded, all its changes since are, so that live ones fold in as they come.
 */
export class Timeline {
  #entries: TimelineEntry[] = [];
  #snapshot: readonly TimelineEntry[] | undefined;
  #firstIndex = FIRST_INDEX;
  /** Of each entry: they do not move when others are put in front. */
  readonly #indexes = new Map<MessageId, number>();
  /** Changes whose target is not loaded, by target. */
  readonly #waiting = new Map<MessageId, Message[]>();

  /** Oldest first: a new array where a entry was added or changed since the last call, else the same one. */
  get entries(): readonly TimelineEntry[] {
    this.#snapshot ??= this.#entries.slice();
    return this.#snapshot;
  }

  /** Falls by as many as pages have put in front. */
  get firstIndex(): number {
    return this.#firstIndex;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** Takes in the messages by which the run has grown at its end. */
  append(messages: readonly Message[]): void {
    for (const message of messages) {
      if (isChange(message)) {
        this.#change(message);
      } else {
        this.#indexes.set(message.id, this.#firstIndex + this.#entries.length);
        this.#entries.push(toTimelineEntry(message));
        this.#snapshot = undefined;
      }
    }
  }

  /** Takes in the page by which the run has grown at its front, oldest first. */
  prepend(page: readonly Message[]): void {
    for (const message of page) if (isChange(message)) this.#keep(message);
    const older = page.filter((message) => !isChange(message)).map((message) => this.#withKept(message));
    if (older.length === 0) return;
    this.#firstIndex -= older.length;
    for (const [index, { message }] of older.entries()) this.#indexes.set(message.id, this.#firstIndex + index);
    this.#entries = older.concat(this.#entries);
    this.#snapshot = undefined;
  }

  #change(change: Message): void {
    const index = change.replyTo === undefined ? undefined : this.#indexes.get(change.replyTo);
    const entry = index === undefined ? undefined : this.#entries[index - this.#firstIndex];
    if (index === undefined || !entry) {
      this.#keep(change);
      return;
    }
    const changed = applyChanges(entry, [change]);
    if (changed === entry) return;
    this.#entries[index - this.#firstIndex] = changed;
    this.#snapshot = undefined;
  }

  #keep(change: Message): void {
    if (change.replyTo === undefined) return;
    const kept = this.#waiting.get(change.replyTo);
    if (kept) kept.push(change);
    else this.#waiting.set(change.replyTo, [change]);
  }

  #withKept(message: Message): TimelineEntry {
    const kept = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    return kept ? applyChanges(toTimelineEntry(message), kept.sort(bySeq)) : toTimelineEntry(message);
  }
}
