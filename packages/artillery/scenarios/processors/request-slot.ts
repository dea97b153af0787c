import { openSession } from '@parley/load-kit/clients';
import { pause } from '@parley/service-kit';
import { eventFile } from './event-file.ts';
import { changeOnline, count, nowMs, recordFailure, recordSuccess, startMeasuring, writeSamples } from './measure.ts';
import { type ArtilleryEvents, numberOf, type VirtualUser } from './virtual-user.ts';

const HELLO_EVERY_MS = 1_000;
const RETRY_MS = 1_000;
/** A refusal that is no fault: every place is taken, or the server says when to come back. */
const EXPECTED = ['SERVER_FULL', 'RATE_LIMITED', 'SHUTTING_DOWN', 'UNAVAILABLE'];

/**
 * Step: wants in for `requestForSeconds` (20), coming back when the refusal said to, with its place in the queue; once in, it stays
 * `holdSlotForSeconds` (2) and goes. A refusal without a reason or a place in the queue is a failure.
 */
export async function requestSlot(user: VirtualUser, events: ArtilleryEvents): Promise<void> {
  startMeasuring(events);
  const { name: client, target: url, token } = user.vars;
  const until = nowMs() + numberOf(user, 'requestForSeconds', 20) * 1_000;
  let waitTicket: string | undefined;
  while (nowMs() < until) {
    const requestedAtMs = nowMs();
    const handshake = { token, deviceId: client, waitTicket };
    const outcome = await openSession({ url, client, handshake, transports: ['websocket'], recorder: eventFile });
    const tookMs = nowMs() - requestedAtMs;
    if (outcome.kind === 'rejected') {
      const { code, error } = outcome;
      const isQueued = code !== 'SERVER_FULL' || (error.position !== undefined && error.waitTicket !== undefined);
      if (EXPECTED.includes(code) && isQueued) {
        count('turned_away');
        recordSuccess('slot: rejected', tookMs);
      } else recordFailure('slot: rejected', isQueued ? code : 'NO_PLACE_IN_THE_QUEUE');
      waitTicket = error.waitTicket ?? waitTicket;
      await pause(Math.min(error.retryAfterMs ?? RETRY_MS, Math.max(0, until - nowMs())));
      continue;
    }
    waitTicket = undefined;
    const { session } = outcome;
    count('let_in');
    changeOnline(1);
    recordSuccess('slot: granted', tookMs);
    const leavesAt = nowMs() + numberOf(user, 'holdSlotForSeconds', 2) * 1_000;
    while (session.isOpen && nowMs() < leavesAt) {
      const hello = await session.request('session:hello', { timezone: 'UTC' });
      if (!hello.ok) recordFailure('slot: granted', hello.code);
      await pause(HELLO_EVERY_MS);
    }
    session.close();
    changeOnline(-1);
  }
  writeSamples();
  eventFile.write();
}
