import { pause } from '@parley/service-kit';
import type { Recorder } from '../events/recorder.ts';
import { integerBetween, type Random } from '../seeded-random.ts';
import { openSession } from './client-session.ts';
import type { Account } from './rest.ts';

const HELLO_EVERY_MS = 250;

export interface RejectedClientOptions {
  readonly name: string;
  readonly url: string;
  readonly recorder: Recorder;
  readonly account: Account;
  readonly random: Random;
  /** How long it keeps a slot, ms. */
  readonly onlineMs: readonly [min: number, max: number];
  /** How long it stays disconnected after that, ms. */
  readonly offlineMs: readonly [min: number, max: number];
  /** Share of the attempts that take over an existing session of the same user. */
  readonly takeoverRatio: number;
}

/** Connects, keeps the slot for a while, disconnects, and starts again: slots and the waiting room change all the time. */
export async function runRejectedClient(options: RejectedClientOptions, signal: AbortSignal): Promise<void> {
  const { name, url, recorder, account, random, onlineMs, offlineMs, takeoverRatio } = options;
  let waitTicket: string | undefined;
  while (!signal.aborted) {
    const takeover = random() < takeoverRatio;
    const outcome = await openSession({
      url,
      recorder,
      client: name,
      transports: ['websocket'],
      handshake: { token: account.token, deviceId: name, takeover, waitTicket },
    });
    if (outcome.kind === 'rejected') {
      const { retryAfterMs = integerBetween(random, ...offlineMs), waitTicket: ticket } = outcome.error;
      waitTicket = ticket ?? waitTicket;
      await pause(retryAfterMs, signal);
      continue;
    }
    waitTicket = undefined;
    const { session } = outcome;
    const online = AbortSignal.any([signal, AbortSignal.timeout(integerBetween(random, ...onlineMs))]);
    while (session.isOpen && !online.aborted) {
      await session.request('session:hello', { timezone: 'UTC' });
      await pause(HELLO_EVERY_MS, online);
    }
    session.close();
    await pause(integerBetween(random, ...offlineMs), signal);
  }
}
