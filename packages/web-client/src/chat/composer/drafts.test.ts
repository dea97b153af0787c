import { expect, test } from '@jest/globals';
import { readDraft, saveDraft } from './drafts.ts';

class MemoryStorage implements Storage {
  [name: string]: unknown;
  readonly #items = new Map<string, string>();
  maxCharacters = Number.POSITIVE_INFINITY;

  get length() {
    return this.#items.size;
  }
  clear = () => this.#items.clear();
  key = (index: number) => [...this.#items.keys()][index] ?? null;
  getItem = (key: string) => this.#items.get(key) ?? null;
  removeItem = (key: string) => void this.#items.delete(key);
  setItem = (key: string, value: string) => {
    if (value.length > this.maxCharacters) throw new DOMException('full', 'QuotaExceededError');
    this.#items.set(key, value);
  };
}

test('saves a draft under its key until the text is empty', () => {
  const storage = new MemoryStorage();
  saveDraft('ada lobby', 'Good mor', storage);
  saveDraft('ada group', 'Else', storage);
  saveDraft('ada lobby', 'Good morning', storage);
  expect(readDraft('ada lobby', storage)).toBe('Good morning');
  saveDraft('ada lobby', '', storage);
  expect([readDraft('ada lobby', storage), readDraft('ada group', storage)]).toEqual(['', 'Else']);
});

test('deletes the oldest drafts when the limits are exceeded', () => {
  const storage = new MemoryStorage();
  for (let index = 1; index <= 60; index += 1) saveDraft(`draft ${index}`, `text ${index}`, storage);
  expect([readDraft('draft 10', storage), readDraft('draft 11', storage)]).toEqual(['', 'text 11']);
  saveDraft('long', 'x'.repeat(99_990), storage);
  expect([readDraft('draft 59', storage), readDraft('long', storage).length]).toEqual(['', 99_990]);
});

test('tolerates invalid stored data and a full storage', () => {
  const storage = new MemoryStorage();
  storage.setItem('parley.drafts', '{"not": "drafts"');
  expect(readDraft('any', storage)).toBe('');
  storage.setItem('parley.drafts', '[1, ["any", "kept"], null]');
  expect(readDraft('any', storage)).toBe('kept');
  storage.maxCharacters = 5;
  saveDraft('any', 'more', storage);
  expect(readDraft('any', storage)).toBe('kept');
});
