import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { ConversationId, DoneReply, Refused } from '@parley/protocol';
import { PositionReporter } from './position-reporter.ts';

const lobby = 'lobby' as ConversationId;
const group = 'group' as ConversationId;
const refused = (retryable: boolean): Refused => ({ ok: false, code: 'UNAVAILABLE', message: 'no', retryable });

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const open: PositionReporter[] = [];
afterEach(() => {
  for (const reports of open.splice(0)) reports.disconnected();
});

/** Creates a reporter whose packets are recorded as `lobby 7`. */
function newReporter() {
  const packets: string[] = [];
  const answers: (DoneReply | Refused)[] = [];
  const reports = new PositionReporter(async (sent) => {
    packets.push(sent.map(({ conversationId, seq }) => `${conversationId} ${seq}`).join());
    const reply = answers.shift() ?? { ok: true };
    return sent.map(() => reply);
  });
  open.push(reports);
  return { reports, packets, answers };
}
const passMs = (ms: number) => jest.advanceTimersByTimeAsync(ms);

test('reports at once, then the newest position at most once a second', async () => {
  const { reports, packets } = newReporter();
  reports.connected();
  for (let seq = 1; seq <= 50; seq += 1) reports.report(lobby, seq);
  reports.report(group, 7);
  await passMs(900);
  expect(packets).toEqual(['lobby 1']);
  for (let seq = 51; seq <= 90; seq += 1) reports.report(lobby, seq);
  await passMs(100);
  expect(packets).toEqual(['lobby 1', 'lobby 90,group 7']);
  await passMs(60_000);
  reports.report(lobby, 90);
  reports.report(lobby, 80);
  await passMs(0);
  expect(packets.length).toBe(2);
});

test('repeats a report after a retryable error, and not after a permanent one', async () => {
  const { reports, packets, answers } = newReporter();
  answers.push(refused(true), refused(false));
  reports.connected();
  reports.report(lobby, 3);
  await passMs(60_000);
  expect(packets).toEqual(['lobby 3', 'lobby 3']);
});

test('waits for a connection, then reports only what the server does not know', async () => {
  const { reports, packets } = newReporter();
  reports.report(lobby, 3);
  await passMs(60_000);
  expect(packets).toEqual([]);
  reports.observeAcknowledged(lobby, 2);
  reports.connected();
  await passMs(0);
  reports.disconnected();
  reports.observeAcknowledged(lobby, 3);
  reports.connected();
  await passMs(60_000);
  expect(packets).toEqual(['lobby 3']);
  reports.observeAcknowledged(lobby, 1);
  reports.connected();
  await passMs(60_000);
  expect(packets).toEqual(['lobby 3', 'lobby 3']);
});

test('forgets a conversation, and ignores the late reply to an earlier report', async () => {
  const { reports, packets } = newReporter();
  reports.connected();
  reports.report(lobby, 9);
  // The reply to the first report has not arrived yet.
  reports.forget(lobby);
  reports.report(lobby, 4);
  await passMs(60_000);
  expect(packets).toEqual(['lobby 9', 'lobby 4']);
});
