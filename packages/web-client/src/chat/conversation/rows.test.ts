import { expect, test } from '@jest/globals';
import type { ConversationView } from '@parley/client';
import { followsHole, type Row } from './rows.ts';

const row = (seq: number) => ({ kind: 'sent', entry: { message: { seq } } }) as Row;

test('a row follows a hole if all messages between it and the previous row are missing', () => {
  const holes = [
    { firstSeq: 5, lastSeq: 6 },
    { firstSeq: 9, lastSeq: 9 },
  ];
  const view = { holes, firstSeq: 5 } as unknown as ConversationView;
  expect(followsHole(view, row(7), undefined)).toBe(true);
  expect(followsHole(view, row(8), row(7))).toBe(false);
  expect(followsHole(view, row(10), row(8))).toBe(true);
  expect(followsHole(view, row(11), row(10))).toBe(false);
  expect(followsHole({ ...view, holes: [] }, row(7), undefined)).toBe(false);
});
