import { expect, test } from '@jest/globals';
import { MAX_TEXT_CHARACTERS } from './constants.ts';
import { SendPayload } from './message.ts';
import { DisplayName } from './text.ts';

const payload = (fields: object) => ({ conversationId: 'lobby', clientMessageId: 'c-1', kind: 'text', ...fields });

test('a text has up to 4,000 characters, however many code units each takes, and is kept as it is', () => {
  for (const character of ['a', '🙂', 'é', 'ש']) {
    const text = character.repeat(MAX_TEXT_CHARACTERS);
    expect(SendPayload.parse(payload({ text })).text).toBe(text);
    expect(SendPayload.safeParse(payload({ text: text + character })).success).toBe(false);
  }
  expect(SendPayload.parse(payload({ text: '  two\nlines ' })).text).toBe('  two\nlines ');
});

test('a medium goes with a kind of medium, a text with a text', () => {
  expect(SendPayload.safeParse(payload({ kind: 'image', mediaId: 'm1' })).success).toBe(true);
  expect(SendPayload.safeParse(payload({ kind: 'image', mediaId: 'm1', text: 'caption' })).success).toBe(true);
  expect(SendPayload.safeParse(payload({ kind: 'image', text: 'caption' })).success).toBe(false);
  expect(SendPayload.safeParse(payload({ mediaId: 'm1', text: 'x' })).success).toBe(false);
});

test('unknown fields are dropped', () => {
  expect(SendPayload.parse(payload({ text: 'x', senderId: 'somebody else' }))).toEqual(payload({ text: 'x' }));
});

test('a display name is trimmed and composed', () => {
  expect(DisplayName.parse('  Zoe\u0308 ')).toBe('Zoë');
  expect(DisplayName.safeParse('\u200b'.repeat(65)).success).toBe(false);
});
