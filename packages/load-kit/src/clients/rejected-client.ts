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
  /** How long it stays when it is let in, and stays away afterwards, ms. */
  readonly onlineMs: readonly [min: number, max: number];
  readonly offlineMs: readonly [min: number, max: number];
  /** Comes with this share of its knocks as another device that takes the session over. */
  readonly takeoverRatio: number;
}

/** Wants in, says hello again and again while it is, and leaves: what keeps the places and the waiting room moving. */
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
    const staying = AbortSignal.any([signal, AbortSignal.timeout(integerBetween(random, ...onlineMs))]);
    while (session.isOpen && !staying.aborted) {
      await session.request('session:hello', { timezone: 'UTC' });
      await pause(HELLO_EVERY_MS, staying);
    }
    session.close();
    await pause(integerBetween(random, ...offlineMs), signal);
  }
}
