import { expect, test } from '@jest/globals';
import { ChatError, ERROR_CATALOGUE, ERROR_CODES, ErrorBody, parsePayload } from './errors.ts';
import { SendPayload } from './message.ts';

test('the catalogue has exactly the codes of the public contract', () => {
  expect([...ERROR_CODES].sort()).toEqual([
    'ALREADY_CONNECTED',
    'BUSY',
    'CONFLICT',
    'FORBIDDEN',
    'INTERNAL',
    'INVALID_PAYLOAD',
    'NOT_FOUND',
    'PAYLOAD_TOO_LARGE',
    'RATE_LIMITED',
    'SERVER_FULL',
    'SHUTTING_DOWN',
    'UNAUTHENTICATED',
    'UNAVAILABLE',
  ]);
});

test('an error body has the fields of the catalogue and never the cause', () => {
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

test('exactly the retryable codes have status 429 or 503', () => {
  for (const { status, retryable } of Object.values(ERROR_CATALOGUE))
    expect(retryable).toBe([429, 503].includes(status));
});

test.each(ERROR_CODES)('the text of %s says what happened, then what to do', (code) => {
  expect(ERROR_CATALOGUE[code].message).toMatch(/^[A-Z][^.]+\. [A-Z][^.]+\.$/);
});

test('INVALID_PAYLOAD names the first invalid field', () => {
  const payload = { conversationId: 'lobby', clientMessageId: 'a', kind: 'text', text: '' };
  expect(() => parsePayload(SendPayload, payload)).toThrow(/^text: /);
});
