import type { RedisConnection } from '@parley/service-kit';
import type { FanOutItem } from './fan-out.ts';
import { fromLines, toLines } from './fan-out-format.ts';

/** The number is the version of the format, so releases with different formats never read each other's items. */
const CHANNEL = 'parley:fan-out:1';

/** Publishes items to all chat servers: one Redis command for a batch, for any number of conversations and members. */
export class FanOutPublisher {
  readonly #redis: RedisConnection;

  /** @param redis a connection with the role `no-deadline`: it sends the items when Redis is available again */
  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  /** Delivers at most once. A server that is not subscribed at that moment misses the items; its clients detect the gap by `seq`. */
  publish(items: readonly FanOutItem[]): void {
    if (items.length > 0) this.#redis.publish(CHANNEL, toLines(items)).catch(() => undefined);
  }
}

/**
 * Calls `receive` with all items published from now on, in the order of publishing.
 *
 * @param subscriber a connection in subscriber mode, which may have other subscriptions
 */
export async function subscribeToFanOut(
  subscriber: RedisConnection,
  receive: (items: readonly FanOutItem[]) => void,
): Promise<void> {
  subscriber.on('message', (channel: string, text: string) => {
    if (channel === CHANNEL) receive(fromLines(text));
  });
  await subscriber.subscribe(CHANNEL);
}
