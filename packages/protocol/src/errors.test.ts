import { expect, test } from '@jest/globals';
import { ChatError, ERROR_CATALOGUE, ERROR_CODES, ErrorBody, parsePayload } from './errors.ts';
import { SendPayload } from './message.ts';

test('every code of the catalogue makes a complete error, and nothing but what a client may know', () => {
  for (const code of ERROR_CODES) {
    const body = new ChatError(code, { retryAfterMs: 5 }, { cause: new Error('inside') }).toBody();
    expect(ErrorBody.parse(body)).toEqual(body);
    expect(body).toEqual({
      code,
      message: ERROR_CATALOGUE[code].message,
      retryable: ERROR_CATALOGUE[code].retryable,
      retryAfterMs: 5,
    });
  }
});

test('what is retryable has a status that says so', () => {
  for (const { status, retryable } of Object.values(ERROR_CATALOGUE))
    expect(retryable).toBe([429, 503].includes(status));
});

test('a wrong payload is refused with the field that is wrong', () => {
  const payload = { conversationId: 'lobby', clientMessageId: 'a', kind: 'text', text: '' };
  expect(() => parsePayload(SendPayload, payload)).toThrow(/^text: /);
});
