const KEY = 'parley.drafts';

/** The drafts that are kept; the oldest go first. */
const MAX_DRAFTS = 50;
const MAX_CHARACTERS = 100_000;

/** Texts by their key, the one changed last at the end. */
type Entry = readonly [key: string, text: string];

const isEntry = (value: unknown): value is Entry =>
  Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'string';

function read(storage: Storage): Entry[] {
  try {
    const kept: unknown = JSON.parse(storage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isEntry) : [];
  } catch {
    // Whoever wrote that, it is no list of drafts.
    return [];
  }
}

/** What was written under this key and not sent; '' where there is nothing. */
export const readDraft = (key: string, storage: Storage = localStorage): string =>
  read(storage).find(([other]) => other === key)?.[1] ?? '';

/** Keeps a text begun, through a reload and in all tabs; an empty one is forgotten. */
export function keepDraft(key: string, text: string, storage: Storage = localStorage): void {
  const entries = read(storage).filter(([other]) => other !== key);
  if (text !== '' && text.length <= MAX_CHARACTERS) entries.push([key, text]);
  let characters = entries.reduce((sum, [, kept]) => sum + kept.length, 0);
  while (entries.length > MAX_DRAFTS || characters > MAX_CHARACTERS) characters -= entries.shift()?.[1].length ?? 0;
  try {
    storage.setItem(KEY, JSON.stringify(entries));
  } catch {
    // A full storage keeps no draft; the text is still in its field.
  }
}
