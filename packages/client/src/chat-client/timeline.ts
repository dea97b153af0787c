import type { Message, MessageId, MessageKind } from '@parley/protocol';
import { CHANGE_KINDS } from '@parley/protocol/constants';
import type { ShownMessage } from './chat-snapshot.ts';
import { foldChanges, unchanged } from './apply-changes.ts';

/** The number of the first row of a run that has no older page yet. */
const FIRST_POSITION = 1_000_000_000;

const bySeq = (a: Message, b: Message) => a.seq - b.seq;

/** Whether it changes another message, which `replyTo` names, and shows in that one's row only. */
export const isChange = ({ kind }: Message): boolean => (CHANGE_KINDS as readonly MessageKind[]).includes(kind);

/**
 * What the rows of one run of a log show. It grows with the run at both ends and folds only what is new: a message, or a
 * page, costs the same however long the run is, but for one copy of the list for each snapshot that shows a change.
 *
 * A change comes after its target in the log. Of a target that is not loaded the changes are kept until an older page
 * brings it; where it is loaded, all its changes since are, so that live ones fold in as they come.
 */
export class ShownMessages {
  #rows: ShownMessage[] = [];
  #snapshot: readonly ShownMessage[] | undefined;
  #firstPosition = FIRST_POSITION;
  /** Of each row: they do not move when others are put in front. */
  readonly #positions = new Map<MessageId, number>();
  /** Changes whose target is not loaded, by target. */
  readonly #waiting = new Map<MessageId, Message[]>();

  /** Oldest first: a new array where a row was added or changed since the last call, else the same one. */
  get rows(): readonly ShownMessage[] {
    this.#snapshot ??= this.#rows.slice();
    return this.#snapshot;
  }

  /** Falls by as many as pages have put in front. */
  get firstPosition(): number {
    return this.#firstPosition;
  }

  get length(): number {
    return this.#rows.length;
  }

  /** Takes in the messages by which the run has grown at its end. */
  append(messages: readonly Message[]): void {
    for (const message of messages) {
      if (isChange(message)) {
        this.#change(message);
      } else {
        this.#positions.set(message.id, this.#firstPosition + this.#rows.length);
        this.#rows.push(unchanged(message));
        this.#snapshot = undefined;
      }
    }
  }

  /** Takes in the page by which the run has grown at its front, oldest first. */
  prepend(page: readonly Message[]): void {
    for (const message of page) if (isChange(message)) this.#keep(message);
    const older = page.filter((message) => !isChange(message)).map((message) => this.#withKept(message));
    if (older.length === 0) return;
    this.#firstPosition -= older.length;
    for (const [index, { message }] of older.entries()) this.#positions.set(message.id, this.#firstPosition + index);
    this.#rows = older.concat(this.#rows);
    this.#snapshot = undefined;
  }

  #change(change: Message): void {
    const position = change.replyTo === undefined ? undefined : this.#positions.get(change.replyTo);
    const row = position === undefined ? undefined : this.#rows[position - this.#firstPosition];
    if (position === undefined || !row) {
      this.#keep(change);
      return;
    }
    const changed = foldChanges(row, [change]);
    if (changed === row) return;
    this.#rows[position - this.#firstPosition] = changed;
    this.#snapshot = undefined;
  }

  #keep(change: Message): void {
    if (change.replyTo === undefined) return;
    const kept = this.#waiting.get(change.replyTo);
    if (kept) kept.push(change);
    else this.#waiting.set(change.replyTo, [change]);
  }

  #withKept(message: Message): ShownMessage {
    const kept = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    return kept ? foldChanges(unchanged(message), kept.sort(bySeq)) : unchanged(message);
  }
}
