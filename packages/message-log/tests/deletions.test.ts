import { expect, test } from '@jest/globals';
import type { MessageId } from '@parley/protocol';
import type { MessageDraft, MessageLog, RecentQuery } from '../src/index.ts';
import { acceptMany, conversation, draft, newLogs, readAll, request } from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

const about = (replyTo: MessageId, kind: MessageDraft['kind']): MessageDraft => ({ ...draft(), kind, replyTo });

async function accept(log: MessageLog, message: MessageDraft, conversationId = lobby) {
  const outcome = await log.accept(request({ conversationId, draft: message }));
  return outcome.kind === 'accepted' ? outcome.seq : outcome.kind;
}

async function deletedAfter(log: MessageLog, query: RecentQuery) {
  const page = await log.readRecent(lobby, query);
  return page.kind === 'page' ? page.deletedLater : page.kind;
}

test('nothing answers or changes a message after its deletion, but a deletion may be repeated', async () => {
  const log = await open.log({ keyPrefix: 'deleted' });
  await log.seed(lobby, 0);
  const [first, second] = [draft(), draft()];
  const edit = about(first.id, 'edit');
  expect([await accept(log, first), await accept(log, second), await accept(log, edit)]).toEqual([1, 2, 3]);
  expect(await accept(log, about(first.id, 'delete'))).toBe(4);
  for (const kind of ['edit', 'reaction', 'text'] as const)
    expect([kind, await accept(log, about(first.id, kind))]).toEqual([kind, 'target-deleted']);
  expect(await accept(log, edit)).toBe('duplicate');
  expect(await accept(log, about(second.id, 'edit'))).toBe(5);
  expect(await accept(log, about(first.id, 'delete'))).toBe(6);
});

test('of edits that come together with a deletion only those before it are accepted', async () => {
  const log = await open.log({ keyPrefix: 'race' });
  await log.seed(lobby, 0);
  const target = draft();
  await accept(log, target);
  const outcomes = await Promise.all([
    accept(log, about(target.id, 'edit')),
    accept(log, about(target.id, 'delete')),
    accept(log, about(target.id, 'edit')),
  ]);
  expect(outcomes).toEqual([2, 3, 'target-deleted']);
});

test('a deletion counts in its conversation alone', async () => {
  const log = await open.log({ keyPrefix: 'alone' });
  const den = conversation('den');
  await Promise.all([log.seed(lobby, 0), log.seed(den, 0)]);
  const target = draft();
  await accept(log, target);
  await accept(log, about(target.id, 'delete'), den);
  expect(await accept(log, about(target.id, 'edit'))).toBe(2);
});

test('a page names what was deleted after it', async () => {
  const log = await open.log({ keyPrefix: 'later' });
  await log.seed(lobby, 0);
  const [first, second] = [draft(), draft()];
  for (const message of [first, second, about(first.id, 'delete'), about(second.id, 'delete')])
    await accept(log, message);
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
  await log.seed(lobby, 0);
  const target = draft();
  await accept(log, target);
  await accept(log, about(target.id, 'delete'));
  await acceptMany(log, lobby, 20);
  const { entries } = await readAll(consumer);
  await consumer.complete(entries.slice(0, 21));
  expect(await accept(log, about(target.id, 'edit'))).toBe('target-deleted');
  await consumer.complete(entries.slice(21));
  expect(await deletedAfter(log, { afterSeq: 0, limit: 1 })).toEqual([]);
});
