const KEY = 'parley.drafts';

/** Limits of the saved drafts. The oldest drafts are deleted first. */
const MAX_DRAFTS = 50;
const MAX_CHARACTERS = 100_000;

/** A saved draft. Entries are sorted by last change, newest last. */
type Entry = readonly [key: string, text: string];

const isEntry = (value: unknown): value is Entry =>
  Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'string';

function read(storage: Storage): Entry[] {
  try {
    const kept: unknown = JSON.parse(storage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isEntry) : [];
  } catch {
    // The value was not written by this code.
    return [];
  }
}

/** Returns the saved draft with this key, or ''. */
export const readDraft = (key: string, storage: Storage = localStorage): string =>
  read(storage).find(([other]) => other === key)?.[1] ?? '';

/** Saves a draft for reloads and other tabs. An empty text deletes it. */
export function saveDraft(key: string, text: string, storage: Storage = localStorage): void {
  const entries = read(storage).filter(([other]) => other !== key);
  if (text !== '' && text.length <= MAX_CHARACTERS) entries.push([key, text]);
  let characters = entries.reduce((sum, [, kept]) => sum + kept.length, 0);
  while (entries.length > MAX_DRAFTS || characters > MAX_CHARACTERS) characters -= entries.shift()?.[1].length ?? 0;
  try {
    storage.setItem(KEY, JSON.stringify(entries));
  } catch {
    // The storage is full. The text stays in the input field.
  }
}
