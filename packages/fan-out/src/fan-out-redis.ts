import type { RedisConnection } from '@parley/service-kit';
import type { FanOutItem } from './fan-out.ts';
import { fromLines, toLines } from './fan-out-lines.ts';

/** Names the form of what goes through it, so that mixed releases never misread each other. */
const CHANNEL = 'parley:fan-out:1';

/** Sends items to all chat servers: one command for a whole batch, whatever the number of conversations and members. */
export class FanOutPublisher {
  readonly #patient: RedisConnection;

  /** @param patient a connection of that role: it sends everything once Redis is back */
  constructor(patient: RedisConnection) {
    this.#patient = patient;
  }

  /** At most once: a server that does not listen just then misses it, and its clients see the gap. */
  publish(items: readonly FanOutItem[]): void {
    if (items.length > 0) this.#patient.publish(CHANNEL, toLines(items)).catch(() => undefined);
  }
}

/**
 * Calls `receive` with all that is published from now on, in the order of publishing.
 *
 * @param subscriber a connection in subscriber mode; may carry other subscriptions
 */
export async function listenToFanOut(
  subscriber: RedisConnection,
  receive: (items: readonly FanOutItem[]) => void,
): Promise<void> {
  subscriber.on('message', (channel: string, text: string) => {
    if (channel === CHANNEL) receive(fromLines(text));
  });
  await subscriber.subscribe(CHANNEL);
}
