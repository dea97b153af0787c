import { expect, test } from '@jest/globals';
import { MAX_TEXT_CHARACTERS } from './constants.ts';
import { SendPayload } from './message.ts';
import { DisplayName } from './text.ts';

const payload = (fields: object) => ({ conversationId: 'lobby', clientMessageId: 'c-1', kind: 'text', ...fields });

test('a text has at most 4,000 code points and is not normalised', () => {
  for (const character of ['a', '🙂', 'é', 'ש']) {
    const text = character.repeat(MAX_TEXT_CHARACTERS);
    expect(SendPayload.parse(payload({ text })).text).toBe(text);
    expect(SendPayload.safeParse(payload({ text: text + character })).success).toBe(false);
  }
  expect(SendPayload.parse(payload({ text: '  two\nlines ' })).text).toBe('  two\nlines ');
});

test('media kinds require a mediaId, and text messages refuse one', () => {
  expect(SendPayload.safeParse(payload({ kind: 'image', mediaId: 'm1' })).success).toBe(true);
  expect(SendPayload.safeParse(payload({ kind: 'image', mediaId: 'm1', text: 'caption' })).success).toBe(true);
  expect(SendPayload.safeParse(payload({ kind: 'image', text: 'caption' })).success).toBe(false);
  expect(SendPayload.safeParse(payload({ mediaId: 'm1', text: 'x' })).success).toBe(false);
});

test('unknown fields of a payload are dropped', () => {
  expect(SendPayload.parse(payload({ text: 'x', senderId: 'somebody else' }))).toEqual(payload({ text: 'x' }));
});

test('a display name is trimmed and normalised to NFC', () => {
  expect(DisplayName.parse('  Zoe\u0308 ')).toBe('Zoë');
  expect(DisplayName.safeParse('\u200b'.repeat(65)).success).toBe(false);
});
