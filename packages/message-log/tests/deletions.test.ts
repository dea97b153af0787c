import { expect, test } from '@jest/globals';
import type { MessageId } from '@parley/protocol';
import type { MessageDraft, MessageLog, RecentQuery } from '../src/index.ts';
import { appendMany, conversation, draft, newLogs, readAll, request } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

const about = (replyTo: MessageId, kind: MessageDraft['kind']): MessageDraft => ({ ...draft(), kind, replyTo });

async function append(log: MessageLog, message: MessageDraft, conversationId = lobby) {
  const outcome = await log.append(request({ conversationId, draft: message }));
  return outcome.kind === 'appended' ? outcome.seq : outcome.kind;
}

async function deletedAfter(log: MessageLog, query: RecentQuery) {
  const page = await log.readRecent(lobby, query);
  return page.deletedLater;
}

test('a deleted message cannot be replied to or changed, but its deletion may be repeated', async () => {
  const log = await open.log({ keyPrefix: 'deleted' });
  const [first, second] = [draft(), draft()];
  const edit = about(first.id, 'edit');
  expect([await append(log, first), await append(log, second), await append(log, edit)]).toEqual([1, 2, 3]);
  expect(await append(log, about(first.id, 'delete'))).toBe(4);
  for (const kind of ['edit', 'reaction', 'text'] as const)
    expect([kind, await append(log, about(first.id, kind))]).toEqual([kind, 'target-missing']);
  expect(await append(log, edit)).toBe('duplicate');
  expect(await append(log, about(second.id, 'edit'))).toBe(5);
  expect(await append(log, about(first.id, 'delete'))).toBe(6);
});

test('edits concurrent with a deletion are appended only if they precede it', async () => {
  const log = await open.log({ keyPrefix: 'race' });
  const target = draft();
  await append(log, target);
  const outcomes = await Promise.all([
    append(log, about(target.id, 'edit')),
    append(log, about(target.id, 'delete')),
    append(log, about(target.id, 'edit')),
  ]);
  expect(outcomes).toEqual([2, 3, 'target-missing']);
});

test('a deletion affects its own conversation only', async () => {
  const log = await open.log({ keyPrefix: 'alone' });
  const den = conversation('den');
  const target = draft();
  await append(log, target);
  await append(log, about(target.id, 'delete'), den);
  expect(await append(log, about(target.id, 'edit'))).toBe(2);
});

test('a page lists the messages that were deleted after it', async () => {
  const log = await open.log({ keyPrefix: 'later' });
  const [first, second] = [draft(), draft()];
  for (const message of [first, second, about(first.id, 'delete'), about(second.id, 'delete')])
    await append(log, message);
  expect(await deletedAfter(log, { limit: 2 })).toEqual([]);
  expect(await deletedAfter(log, { afterSeq: 0, limit: 9 })).toEqual([]);
  expect(await deletedAfter(log, { afterSeq: 0, limit: 3 })).toEqual([second.id]);
  expect(await deletedAfter(log, { afterSeq: 0, limit: 2 })).toEqual([first.id, second.id]);
  expect(await deletedAfter(log, { beforeSeq: 4, limit: 2 })).toEqual([second.id]);
  expect(await deletedAfter(log, { beforeSeq: 1, limit: 2 })).toEqual([first.id, second.id]);
});

test('a deletion is known until ten times the recent window is stored after it', async () => {
  const log = await open.log({ keyPrefix: 'trimmed' });
  const consumer = await open.consumer({ keyPrefix: 'trimmed', keepRecent: 2 });
  const target = draft();
  await append(log, target);
  await append(log, about(target.id, 'delete'));
  await appendMany(log, lobby, 20);
  const { entries } = await readAll(consumer);
  await consumer.complete(entries.slice(0, 21));
  expect(await append(log, about(target.id, 'edit'))).toBe('target-missing');
  await consumer.complete(entries.slice(21));
  expect(await deletedAfter(log, { afterSeq: 0, limit: 1 })).toEqual([]);
});
