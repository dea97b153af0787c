import { describe, expect, test } from '@jest/globals';
import type { MediaId, MessageId } from '@parley/protocol';
import { createRedisMessageLog, type MessageDraft } from '../src/index.ts';
import {
  conversation,
  draft,
  kindAndSeq,
  NO_SENT_MESSAGES,
  newLogs,
  readAll,
  request,
  requestsOfEveryKind,
  versionOf,
} from './open-log.ts';

const open = await newLogs();
const lobby = conversation('lobby');

describe('append', () => {
  test('assigns seq 1, 2, 3 … and the time of Redis', async () => {
    const log = await open.log({ keyPrefix: 'count' });
    const beforeMs = await open.nowMs();
    const outcomes = [await log.append(request()), await log.append(request()), await log.append(request())];
    const afterMs = await open.nowMs();
    for (const [index, outcome] of outcomes.entries()) {
      expect(outcome).toMatchObject({ kind: 'appended', seq: index + 1 });
      if (outcome.kind === 'appended') {
        expect(outcome.createdAtMs).toBeGreaterThanOrEqual(beforeMs);
        expect(outcome.createdAtMs).toBeLessThanOrEqual(afterMs);
      }
    }
  });

  test('appends concurrent messages in their order, up to the limit', async () => {
    const log = await open.log({ keyPrefix: 'together', maxInProcess: 4, storedHeads: { den: 7 } });
    const den = conversation('den');
    await log.states([lobby]);
    const membersVersion = await versionOf(log, den);
    const toDen = request({ conversationId: den, membersVersion });
    const requests = [...requestsOfEveryKind(den, membersVersion), request(), toDen, request()];
    const outcomes = await Promise.all(requests.map((each) => log.append(each)));
    expect(outcomes.map(kindAndSeq)).toEqual([
      'appended 1',
      'appended 8',
      'duplicate 8',
      'conflict',
      'stale-members',
      'appended 2',
      'appended 9',
      'busy',
    ]);
    expect(await log.countInProcess()).toBe(4);
  });

  test('recognises a repeated clientMessageId, even at the limit and after completion', async () => {
    const log = await open.log({ keyPrefix: 'repeat', maxInProcess: 1 });
    const consumer = await open.consumer({ keyPrefix: 'repeat' });
    const first = draft({ clientMessageId: 'same' });
    const appended = await log.append(request({ draft: first }));
    const duplicate = { ...appended, kind: 'duplicate', id: first.id };
    const retry = request({ draft: { ...first, id: draft().id } });
    expect(await log.append(retry)).toEqual(duplicate);
    await consumer.complete((await readAll(consumer)).entries);
    expect(await log.append(retry)).toEqual(duplicate);
    expect(await log.countInProcess()).toBe(0);
  });

  test('accepts the same clientMessageId from two senders', async () => {
    const log = await open.log({ keyPrefix: 'two-senders' });
    for (const senderId of ['ada', 'bob']) {
      const outcome = await log.append(request({ draft: draft({ senderId, clientMessageId: 'same' }) }));
      expect(outcome.kind).toBe('appended');
    }
  });

  test('refuses a clientMessageId that the sender used in another conversation', async () => {
    const log = await open.log({ keyPrefix: 'conflict' });
    await log.append(request({ draft: draft({ clientMessageId: 'same' }) }));
    const elsewhere = request({
      conversationId: conversation('other'),
      draft: draft({ clientMessageId: 'same' }),
    });
    expect(await log.append(elsewhere)).toEqual({ kind: 'conflict' });
  });

  const target = 'm-target' as MessageId;
  const used = { ...draft({ clientMessageId: 'used', text: 'first' }), replyTo: target };
  test.each<[string, Partial<MessageDraft>, string]>([
    ['the same content', {}, 'duplicate'],
    ['another text', { text: 'second' }, 'conflict'],
    ['another target', { replyTo: 'm-other' as MessageId }, 'conflict'],
    ['no target', { replyTo: undefined }, 'conflict'],
    ['an edit', { kind: 'edit' }, 'conflict'],
    ['a reaction', { kind: 'reaction' }, 'conflict'],
    ['a deletion', { kind: 'delete', text: undefined }, 'conflict'],
    ['a system message', { kind: 'system' }, 'conflict'],
    ['an attachment', { media: { mediaId: 'a' as MediaId, contentType: 'image/png', bytes: 1 } }, 'conflict'],
  ])('answers a used clientMessageId with %s', async (name, changes, kind) => {
    const log = await open.log({ keyPrefix: `used-${name.replaceAll(' ', '-')}` });
    await log.append(request({ draft: used }));
    const outcome = await log.append(request({ draft: { ...used, id: draft().id, ...changes } }));
    expect(outcome.kind).toBe(kind);
    expect(await log.countInProcess()).toBe(1);
  });

  test('takes an entry of an earlier release, which has no digest, for a duplicate', async () => {
    const log = await open.log({ keyPrefix: 'old-entry' });
    await open.redis.client.set('old-entry:{p0}:sent:ada:old', 'lobby m-old 7 1767225600000');
    const outcome = await log.append(request({ draft: draft({ clientMessageId: 'old' }) }));
    expect(outcome).toEqual({ kind: 'duplicate', id: 'm-old', seq: 7, createdAtMs: 1_767_225_600_000 });
    await open.redis.client.set('old-entry:{p0}:sent:ada:elsewhere', 'den m-old 7 1767225600000');
    const elsewhere = await log.append(request({ draft: draft({ clientMessageId: 'elsewhere' }) }));
    expect(elsewhere).toEqual({ kind: 'conflict' });
  });

  test('keeps the exact use of a clientMessageId for the configured time', async () => {
    const log = await open.log({ keyPrefix: 'forget', dedupeExactMs: 3_600_000 });
    await log.append(request({ draft: draft({ clientMessageId: 'same' }) }));
    const key = 'forget:{p0}:sent:ada:same';
    const ttlMs = await open.redis.client.pttl(key);
    expect(ttlMs).toBeGreaterThan(3_000_000);
    expect(ttlMs).toBeLessThanOrEqual(3_600_000);
  });

  test('is busy at exactly the limit of messages in process, with a retry time', async () => {
    const log = await open.log({ keyPrefix: 'busy', maxInProcess: 3 });
    for (let i = 0; i < 3; i++) expect((await log.append(request())).kind).toBe('appended');
    const refused = await log.append(request());
    expect(refused).toEqual({ kind: 'busy', retryAfterMs: expect.any(Number) });
    if (refused.kind !== 'busy') return;
    expect(refused.retryAfterMs).toBeGreaterThanOrEqual(100);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(500);
    expect(await log.countInProcess()).toBe(3);
  });

  test('refuses an append whose membership was checked under an older version of the member list', async () => {
    const log = await open.log({ keyPrefix: 'members' });
    await log.states([lobby]);
    await log.membersChanged(lobby);
    const stale = await log.append(request());
    expect(stale).toEqual({ kind: 'stale-members', membersVersion: expect.stringMatching(/./) });
    if (stale.kind !== 'stale-members') return;
    expect((await log.append(request({ membersVersion: stale.membersVersion }))).kind).toBe('appended');
    await log.membersChanged(lobby);
    const again = await log.append(request({ membersVersion: stale.membersVersion }));
    expect(again.kind).toBe('stale-members');
    expect(again).not.toEqual(stale);
  });

  test('refuses every version from before a loss of data, because a change of the member list may be lost', async () => {
    const log = await open.log({ keyPrefix: 'members-lost' });
    const den = conversation('den');
    const before = await versionOf(log, den);
    await log.membersChanged(den);
    const changed = await versionOf(log, den);
    await open.redis.client.flushall();
    for (const membersVersion of [before, changed, '']) {
      const outcome = await log.append(request({ conversationId: den, membersVersion }));
      expect(outcome).toEqual({ kind: 'stale-members', membersVersion: expect.stringMatching(/./) });
    }
  });

  test('never dates a message before its predecessor, even when the clock was set back', async () => {
    const log = await open.log({ keyPrefix: 'clock' });
    const aheadMs = Date.now() + 3_600_000;
    await open.redis.client.hset('clock:{p0}:conversation:lobby', 'lastMs', aheadMs);
    expect(await log.append(request())).toMatchObject({ createdAtMs: aheadMs });
    expect(await log.append(request())).toMatchObject({ createdAtMs: aheadMs });
  });

  test('stores a text byte for byte', async () => {
    const log = await open.log({ keyPrefix: 'text' });
    const text = 'naïve 👩‍👩‍👧 "quotes" \\ \u0000 \u2028 عربى {p9} %d';
    await log.append(request({ draft: draft({ text }) }));
    const page = await log.readRecent(lobby, { limit: 1 });
    expect(page.messages[0]?.text).toBe(text);
  });

  test('near the memory limit a new message is busy, a repeat is still recognised, and nothing else changes', async () => {
    let isNearLimit = false;
    const memory = {
      get isNearLimit() {
        return isNearLimit;
      },
      commandRefused: () => undefined,
    };
    const log = await open.log({ keyPrefix: 'near', memory });
    const first = request();
    expect(await log.append(first)).toMatchObject({ kind: 'appended', seq: 1 });
    isNearLimit = true;
    const refused = await log.append(request());
    expect(refused).toEqual({ kind: 'busy', retryAfterMs: expect.any(Number) });
    expect(refused.kind === 'busy' && refused.retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(await log.append(first)).toMatchObject({ kind: 'duplicate', seq: 1 });
    isNearLimit = false;
    expect(await log.append(request())).toMatchObject({ kind: 'appended', seq: 2 });
  });

  test('is busy and changes nothing while memory is full', async () => {
    let refusals = 0;
    const memory = {
      isNearLimit: false,
      commandRefused() {
        refusals += 1;
      },
    };
    const log = await open.log({ keyPrefix: 'full', memory });
    await log.states([lobby]);
    await open.redis.client.config('SET', 'maxmemory', '1');
    try {
      expect(await log.append(request())).toEqual({ kind: 'busy', retryAfterMs: expect.any(Number) });
      expect(refusals).toBe(1);
    } finally {
      await open.redis.client.config('SET', 'maxmemory', '0');
    }
    expect(await log.countInProcess()).toBe(0);
    expect(await log.append(request())).toMatchObject({ kind: 'appended', seq: 1 });
  });
});

describe('ledger', () => {
  test('lists the messages in process, oldest first, malformed entries included', async () => {
    const log = await open.log({ keyPrefix: 'ledger' });
    const first = request({ node: 'chat-server-1' });
    const second = request({ node: 'chat-server-2' });
    await log.append(first);
    await log.append(second);
    const junkId = await open.redis.client.xadd('ledger:{p0}:log', '*', 'something', 'else');
    const appendedAtMs = expect.any(Number);
    const rows = [
      { id: first.draft.id, conversationId: 'lobby', seq: 1, node: 'chat-server-1', appendedAtMs },
      { id: second.draft.id, conversationId: 'lobby', seq: 2, node: 'chat-server-2', appendedAtMs },
      { id: junkId, conversationId: '', seq: 0, node: '', appendedAtMs },
    ];
    expect(await log.ledger(10)).toEqual(rows);
    expect(await log.ledger(2)).toEqual(rows.slice(0, 2));
  });
});

describe('createRedisMessageLog', () => {
  test('refuses more partitions than messages in process, and a key prefix with braces', async () => {
    const connection = await open.connection('command');
    const options = {
      maxInProcess: 2,
      stored: { headSeqs: async () => [], fillGaps: async () => undefined },
      sentMessages: NO_SENT_MESSAGES,
    };
    expect(() => createRedisMessageLog(connection, { ...options, partitions: 3 })).toThrow(/3 partitions/);
    expect(() => createRedisMessageLog(connection, { ...options, keyPrefix: '{x}' })).toThrow(/braces/);
  });
});
