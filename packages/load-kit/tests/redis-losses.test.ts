import { describe, expect, test } from '@jest/globals';
import { judge } from '../src/checker/index.ts';
import { VIOLATION_KINDS, type ViolationKind } from '../src/checker/verdict.ts';
import type { RecordedEvent, RecordedMessage, Seen, Sent } from '../src/events/event-record.ts';
import { hashOf } from '../src/events/recorder.ts';
import { cleanRecord, type DraftRecord } from './clean-record.ts';

/** The last two messages in the lobby were sent in an epoch that Redis lost: #19 at 370 ms and #20 at 380 ms. */
const LOST_SEQS = [19, 20];
const [FIRST_EPOCH_AT_MS, FAULT_AT_MS, NEW_EPOCH_AT_MS] = [50, 390, 400];

const violationKindsOf = (record: DraftRecord): ViolationKind[] => {
  const { verdict } = judge(record);
  return VIOLATION_KINDS.filter((kind) => verdict[kind] > 0);
};

const epochSeen = (atMs: number, epoch: string): RecordedEvent => ({
  ...{ type: 'epoch', atMs, client: 'plain-1', conversationId: 'lobby', epoch },
});

const storedReport = (atMs: number, seq: number, epoch: string): RecordedEvent => ({
  ...{ type: 'stored', atMs, client: 'plain-1', conversationId: 'lobby', seq, epoch },
});

const inLobby = (record: DraftRecord, seq: number): RecordedMessage => {
  const found = record.stored.find((message) => message.conversationId === 'lobby' && message.seq === seq);
  if (!found) throw new Error(`no #${seq}`);
  return found;
};

const isAbout = (event: RecordedEvent, { clientMessageId }: RecordedMessage) =>
  'clientMessageId' in event && event.clientMessageId === clientMessageId;

/** Returns a record in which Redis lost the last two messages of the lobby. They are nowhere at the end. */
function recordWithLoss(senderKind: 'plain' | 'library'): { record: DraftRecord; lost: RecordedMessage[] } {
  const record = cleanRecord();
  const sender = record.clients.find(({ kind }) => kind === senderKind) ?? { name: '', userId: '' };
  const lost = LOST_SEQS.map((seq) => inLobby(record, seq));
  record.events = record.events.map((event): RecordedEvent => {
    if (!lost.some((message) => isAbout(event, message))) return event;
    if (event.type === 'sent' || event.type === 'acked') return { ...event, client: sender.name };
    return event.type === 'seen' ? { ...event, senderId: sender.userId } : event;
  });
  const isLost = ({ conversationId, seq }: RecordedMessage) => conversationId === 'lobby' && LOST_SEQS.includes(seq);
  record.stored = record.stored.filter((message) => !isLost(message));
  record.pages = record.pages.filter((message) => !isLost(message));
  record.events.push(
    epochSeen(FIRST_EPOCH_AT_MS, 'one'),
    storedReport(365, 18, 'one'),
    epochSeen(NEW_EPOCH_AT_MS, 'two'),
  );
  record.events.sort((a, b) => a.atMs - b.atMs);
  record.faults = [
    { kind: 'lose-tail', target: 'redis-data', atMs: 360, endedAtMs: FAULT_AT_MS, losesRedisData: true },
  ];
  return { record, lost: lost.map((message) => ({ ...message, senderId: sender.userId })) };
}

test('a plain client may lose acked messages of an ended epoch that were not reported as stored', () => {
  const { record } = recordWithLoss('plain');
  const { verdict, clients, violations } = judge(record);
  expect(violations).toEqual([]);
  expect(verdict).toMatchObject({ lost: 0, lostByRedis: 2 });
  expect(clients).toMatchObject({ plain: { lostByRedis: 2 }, library: { lost: 0, lostByRedis: 0 } });
});

test('a library client may lose none of them', () => {
  const { record } = recordWithLoss('library');
  const { verdict, clients } = judge(record);
  expect(verdict).toMatchObject({ lost: 2, lostByRedis: 0 });
  expect(clients).toMatchObject({ library: { lost: 2 }, plain: { lost: 0 } });
});

describe('a message of a plain client is lost without an excuse', () => {
  test.each<[string, (record: DraftRecord) => void]>([
    [
      'if it was reported as stored',
      (record) => {
        record.events.push(storedReport(385, 20, 'one'));
      },
    ],
    [
      'if no new epoch began',
      (record) => {
        record.events = record.events.filter((event) => !(event.type === 'epoch' && event.epoch === 'two'));
      },
    ],
    [
      'if the fault does not lose data of Redis',
      (record) => {
        record.faults = record.faults.map(({ losesRedisData: _, ...fault }) => fault);
      },
    ],
    [
      'if the fault had ended before it was sent',
      (record) => {
        record.faults = record.faults.map((fault) => ({ ...fault, endedAtMs: 361 }));
      },
    ],
  ])('%s', (_reason, change) => {
    const { record } = recordWithLoss('plain');
    change(record);
    expect(judge(record).verdict).toMatchObject({ lost: 2, lostByRedis: 0 });
  });

  test('if the attempt that succeeded began in the new epoch', () => {
    const { record, lost } = recordWithLoss('plain');
    record.events.push(
      ...lost.map(({ clientMessageId }): RecordedEvent => {
        return { type: 'refused', atMs: NEW_EPOCH_AT_MS + 1, client: 'plain-1', clientMessageId, code: 'NO_ANSWER' };
      }),
    );
    record.events = record.events
      .map((event) =>
        event.type === 'acked' && lost.some((message) => isAbout(event, message)) ? { ...event, atMs: 450 } : event,
      )
      .sort((a, b) => a.atMs - b.atMs);
    expect(judge(record).verdict).toMatchObject({ lost: 2, lostByRedis: 0 });
  });

  test('if only some members lack it', () => {
    const { record, lost } = recordWithLoss('plain');
    const [kept] = lost as [RecordedMessage];
    record.stored.push(kept);
    record.pages.push(kept);
    record.events = record.events.filter(
      (event) => !(event.type === 'seen' && event.client === 'library-2' && isAbout(event, kept)),
    );
    expect(judge(record).verdict).toMatchObject({ lost: 1, lostByRedis: 1 });
  });
});

/** Appends a message of `record` again in the new epoch, and shows it to all members. */
function resend(
  record: DraftRecord,
  message: RecordedMessage,
  seq: number,
  shownTo = ['plain-1', 'library-1', 'library-2'],
) {
  const again = { ...message, seq, id: `${message.id}-again` };
  record.stored.push(again);
  record.pages.push(again);
  for (const client of shownTo) {
    record.events.push({ type: 'cleared', atMs: 500, client, conversationId: 'lobby' });
    record.events.push({ type: 'seen', atMs: 500 + seq, client, how: 'next', ...again });
  }
}

test('the library sends lost messages again: they have another position and id, in another order', () => {
  const { record, lost } = recordWithLoss('library');
  const [first, second] = lost as [RecordedMessage, RecordedMessage];
  resend(record, second, 19);
  resend(record, first, 20);
  expect(judge(record).violations).toEqual([]);
});

test('a position of an ended epoch that was reported as stored is not given to another message', () => {
  const { record, lost } = recordWithLoss('library');
  const [first, second] = lost as [RecordedMessage, RecordedMessage];
  resend(record, second, 19);
  resend(record, first, 20);
  record.events.push(storedReport(385, 20, 'one'));
  expect(violationKindsOf(record)).toContain('duplicated');
});

test('two copies of a resent message are a violation', () => {
  const { record, lost } = recordWithLoss('library');
  const [first, second] = lost as [RecordedMessage, RecordedMessage];
  resend(record, first, 19);
  resend(record, second, 20);
  const copy = { ...first, seq: 21, id: 'copy' };
  record.stored.push(copy);
  record.pages.push(copy);
  expect(violationKindsOf(record)).toEqual(['duplicated']);
});

const placeholder = (seq: number): RecordedMessage => ({
  ...{ conversationId: 'lobby', seq, id: `p${seq}`, senderId: 'system', clientMessageId: 'placeholder' },
  textHash: hashOf(undefined),
});

test('placeholders keep the history free of gaps', () => {
  const { record, lost } = recordWithLoss('library');
  for (const seq of LOST_SEQS) {
    record.stored.push(placeholder(seq));
    record.pages.push(placeholder(seq));
    const seen: Seen = { type: 'seen', atMs: 500 + seq, client: 'library-1', how: 'next', ...placeholder(seq) };
    record.events.push({ type: 'cleared', atMs: 499, client: 'library-1', conversationId: 'lobby' }, seen);
  }
  for (const [index, message] of lost.entries()) resend(record, message, 21 + index);
  const { verdict, violations } = judge(record);
  expect(violations).toEqual([]);
  expect(verdict.placeholders).toBe(2);
});

test('a placeholder without a loss, or with a text, is unexpected', () => {
  const clean = cleanRecord();
  const added = { ...placeholder(21) };
  clean.stored.push(added);
  clean.pages.push(added);
  expect(violationKindsOf(clean)).toEqual(['unexpected']);

  const { record } = recordWithLoss('plain');
  const withText = { ...placeholder(19), textHash: 'text' };
  record.stored.push(withText);
  record.pages.push(withText);
  expect(violationKindsOf(record)).toEqual(['unexpected']);
});

describe('recovery', () => {
  const sentAt = (record: DraftRecord, clientMessageId: string): Sent => {
    const found = record.events.find((event) => event.type === 'sent' && event.clientMessageId === clientMessageId);
    if (found?.type !== 'sent') throw new Error(`${clientMessageId} was not sent`);
    return found;
  };

  /** Delays the ack and all deliveries of a message. */
  function delay(record: DraftRecord, clientMessageId: string, toMs: number): void {
    sentAt(record, clientMessageId);
    record.events = record.events
      .map((event) =>
        (event.type === 'acked' || event.type === 'seen') && event.clientMessageId === clientMessageId
          ? { ...event, atMs: toMs }
          : event,
      )
      .sort((a, b) => a.atMs - b.atMs);
  }

  test('lasts from the end of a fault until messages are acked and delivered in time again', () => {
    const record = cleanRecord();
    record.faults = [
      { kind: 'freeze', target: 'redis', atMs: 110, endedAtMs: 150 },
      { kind: 'kill', target: 'nginx', atMs: 5_000, endedAtMs: 5_000 },
    ];
    delay(record, 'c4', 1_000); // sent at 140
    delay(record, 'c9', 2_000); // sent at 190: the first one was still waiting
    expect(judge(record).recoveries).toEqual([
      { kind: 'freeze', faults: 1, longestMs: 1_850 },
      { kind: 'kill', faults: 1, longestMs: 0 },
    ]);
    expect(judge(record).verdict.longestRecoveryMs).toBe(1_850);
  });

  test('includes the delivery to the last member', () => {
    const record = cleanRecord();
    record.faults = [{ kind: 'freeze', target: 'redis', atMs: 110, endedAtMs: 150 }];
    record.events = record.events
      .map((event) =>
        event.type === 'seen' && event.client === 'library-2' && event.clientMessageId === 'c4'
          ? { ...event, atMs: 900 }
          : event,
      )
      .sort((a, b) => a.atMs - b.atMs);
    expect(judge(record).recoveries).toEqual([{ kind: 'freeze', faults: 1, longestMs: 750 }]);
  });

  test('of a failover lasts from its begin, without the time in which another fault is active', () => {
    const record = cleanRecord();
    record.faults = [
      { kind: 'freeze-master', target: 'redis', atMs: 120, endedAtMs: 1_500, isTakenOver: true },
      { kind: 'freeze', target: 'nginx', atMs: 900, endedAtMs: 1_100 },
    ];
    delay(record, 'c4', 1_000); // sent at 140
    expect(judge(record).recoveries).toEqual([
      { kind: 'freeze', faults: 1, longestMs: 0 },
      { kind: 'freeze-master', faults: 1, longestMs: 780 },
    ]);
  });
});
