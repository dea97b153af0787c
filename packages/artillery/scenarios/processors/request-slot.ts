import { openSession } from '@parley/load-kit/clients';
import { pause } from '@parley/service-kit';
import { eventFile } from './event-file.ts';
import { changeOnline, count, nowMs, recordFailure, recordSuccess, startMeasuring, writeSamples } from './measure.ts';
import { type ArtilleryEvents, numberOf, type VirtualUser } from './virtual-user.ts';

const HELLO_INTERVAL_MS = 1_000;
const RETRY_MS = 1_000;
/** Codes that are not failures: the cluster is full, or the client may retry later. */
const EXPECTED_CODES = ['SERVER_FULL', 'RATE_LIMITED', 'SHUTTING_DOWN', 'UNAVAILABLE'];

/**
 * Step: requests a session slot for `requestForSeconds` (20). After a rejection it retries when the server says, with its wait
 * ticket. It keeps a slot for `holdSlotForSeconds` (2). A rejection without a code, or without a position in the queue, is a
 * failure.
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
      if (EXPECTED_CODES.includes(code) && isQueued) {
        count('rejected');
        recordSuccess('slot: rejected', tookMs);
      } else recordFailure('slot: rejected', isQueued ? code : 'NO_QUEUE_POSITION');
      waitTicket = error.waitTicket ?? waitTicket;
      await pause(Math.min(error.retryAfterMs ?? RETRY_MS, Math.max(0, until - nowMs())));
      continue;
    }
    waitTicket = undefined;
    const { session } = outcome;
    count('granted');
    changeOnline(1);
    recordSuccess('slot: granted', tookMs);
    const releaseAt = nowMs() + numberOf(user, 'holdSlotForSeconds', 2) * 1_000;
    while (session.isOpen && nowMs() < releaseAt) {
      const hello = await session.request('session:hello', { timezone: 'UTC' });
      if (!hello.ok) recordFailure('slot: granted', hello.code);
      await pause(HELLO_INTERVAL_MS);
    }
    session.close();
    changeOnline(-1);
  }
  writeSamples();
  eventFile.write();
}
