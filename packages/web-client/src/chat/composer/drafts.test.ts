import { expect, test } from '@jest/globals';
import { keepDraft, readDraft } from './drafts.ts';

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

test('a draft is kept by its key until it is empty', () => {
  const storage = new MemoryStorage();
  keepDraft('ada lobby', 'Good mor', storage);
  keepDraft('ada group', 'Else', storage);
  keepDraft('ada lobby', 'Good morning', storage);
  expect(readDraft('ada lobby', storage)).toBe('Good morning');
  keepDraft('ada lobby', '', storage);
  expect([readDraft('ada lobby', storage), readDraft('ada group', storage)]).toEqual(['', 'Else']);
});

test('the oldest drafts make room for the newest', () => {
  const storage = new MemoryStorage();
  for (let index = 1; index <= 60; index += 1) keepDraft(`draft ${index}`, `text ${index}`, storage);
  expect([readDraft('draft 10', storage), readDraft('draft 11', storage)]).toEqual(['', 'text 11']);
  keepDraft('long', 'x'.repeat(99_990), storage);
  expect([readDraft('draft 59', storage), readDraft('long', storage).length]).toEqual(['', 99_990]);
});

test('a storage that is full, or holds something else, does no harm', () => {
  const storage = new MemoryStorage();
  storage.setItem('parley.drafts', '{"not": "drafts"');
  expect(readDraft('any', storage)).toBe('');
  storage.setItem('parley.drafts', '[1, ["any", "kept"], null]');
  expect(readDraft('any', storage)).toBe('kept');
  storage.maxCharacters = 5;
  keepDraft('any', 'more', storage);
  expect(readDraft('any', storage)).toBe('kept');
});
