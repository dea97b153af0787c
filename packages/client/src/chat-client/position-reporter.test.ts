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

/** Reports whose packets are kept as `lobby 7`. */
function newReports() {
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

test('tells at once, then once a second the newest', async () => {
  const { reports, packets } = newReports();
  reports.connected();
  for (let seq = 1; seq <= 50; seq += 1) reports.moveTo(lobby, seq);
  reports.moveTo(group, 7);
  await passMs(900);
  expect(packets).toEqual(['lobby 1']);
  for (let seq = 51; seq <= 90; seq += 1) reports.moveTo(lobby, seq);
  await passMs(100);
  expect(packets).toEqual(['lobby 1', 'lobby 90,group 7']);
  await passMs(60_000);
  reports.moveTo(lobby, 90);
  reports.moveTo(lobby, 80);
  await passMs(0);
  expect(packets.length).toBe(2);
});

test('tells again what a refusal that passes has kept from the server, and not what it will never take', async () => {
  const { reports, packets, answers } = newReports();
  answers.push(refused(true), refused(false));
  reports.connected();
  reports.moveTo(lobby, 3);
  await passMs(60_000);
  expect(packets).toEqual(['lobby 3', 'lobby 3']);
});

test('waits for a connection, and tells what the server does not know when it begins', async () => {
  const { reports, packets } = newReports();
  reports.moveTo(lobby, 3);
  await passMs(60_000);
  expect(packets).toEqual([]);
  reports.observeTold(lobby, 2);
  reports.connected();
  await passMs(0);
  reports.disconnected();
  reports.observeTold(lobby, 3);
  reports.connected();
  await passMs(60_000);
  expect(packets).toEqual(['lobby 3']);
  reports.observeTold(lobby, 1);
  reports.connected();
  await passMs(60_000);
  expect(packets).toEqual(['lobby 3', 'lobby 3']);
});

test('begins anew with a conversation whose seqs mean other messages', async () => {
  const { reports, packets } = newReports();
  reports.connected();
  reports.moveTo(lobby, 9);
  // Its reply is still to come.
  reports.forget(lobby);
  reports.moveTo(lobby, 4);
  await passMs(60_000);
  expect(packets).toEqual(['lobby 9', 'lobby 4']);
});
