import { openSession } from '@parley/load-kit/clients';
import { pause } from '@parley/service-kit';
import { journal } from './journal.ts';
import { changeOnline, count, failed, nowMs, startMeasuring, succeeded, writeSamples } from './measure.ts';
import { type ArtilleryEvents, numberOf, type VirtualUser } from './virtual-user.ts';

const HELLO_EVERY_MS = 1_000;
const RETRY_MS = 1_000;
/** A refusal that is no fault: every place is taken, or the server says when to come back. */
const EXPECTED = ['SERVER_FULL', 'RATE_LIMITED', 'SHUTTING_DOWN', 'UNAVAILABLE'];

/**
 * Step: wants in for `knockForSeconds` (20), coming back when the refusal said to, with its place in the queue; once in, it stays
 * `stayForSeconds` (2) and goes. A refusal without a reason or a place in the queue is a failure.
 */
export async function knock(user: VirtualUser, events: ArtilleryEvents): Promise<void> {
  startMeasuring(events);
  const { name: client, target: url, token } = user.vars;
  const until = nowMs() + numberOf(user, 'knockForSeconds', 20) * 1_000;
  let waitTicket: string | undefined;
  while (nowMs() < until) {
    const knockedAtMs = nowMs();
    const handshake = { token, deviceId: client, waitTicket };
    const outcome = await openSession({ url, client, handshake, transports: ['websocket'], recorder: journal });
    const tookMs = nowMs() - knockedAtMs;
    if (outcome.kind === 'rejected') {
      const { code, error } = outcome;
      const isQueued = code !== 'SERVER_FULL' || (error.position !== undefined && error.waitTicket !== undefined);
      if (EXPECTED.includes(code) && isQueued) {
        count('turned_away');
        succeeded('knock: turned away', tookMs);
      } else failed('knock: turned away', isQueued ? code : 'NO_PLACE_IN_THE_QUEUE');
      waitTicket = error.waitTicket ?? waitTicket;
      await pause(Math.min(error.retryAfterMs ?? RETRY_MS, Math.max(0, until - nowMs())));
      continue;
    }
    waitTicket = undefined;
    const { session } = outcome;
    count('let_in');
    changeOnline(1);
    succeeded('knock: let in', tookMs);
    const leavesAt = nowMs() + numberOf(user, 'stayForSeconds', 2) * 1_000;
    while (session.isOpen && nowMs() < leavesAt) {
      const hello = await session.ask('session:hello', { timezone: 'UTC' });
      if (!hello.ok) failed('knock: let in', hello.code);
      await pause(HELLO_EVERY_MS);
    }
    session.close();
    changeOnline(-1);
  }
  writeSamples();
  journal.write();
}
