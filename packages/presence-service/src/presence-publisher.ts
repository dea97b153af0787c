import { FanOutPublisher } from '@parley/fan-out';
import { toPresenceChange, type UserPresence, userRoom } from '@parley/presence';
import type { ServerToClientEvents, UserId } from '@parley/protocol';
import type { RedisConnection } from '@parley/service-kit';
import { Emitter } from '@socket.io/redis-emitter';
import type { ChannelCount } from './channel-counts.ts';
import type { PresenceServiceMetrics } from './metrics.ts';

/** The maximum number of rooms that one packet is addressed to. */
const MAX_ROOMS = 1_000;

/**
 * Notifies clients on all chat servers. Changes go to the users' rooms through Socket.IO's emitter; channel counts go through the
 * fan-out, like messages.
 */
export class PresencePublisher {
  readonly #emitter: Emitter<ServerToClientEvents>;
  readonly #fanOut: FanOutPublisher;
  readonly #metrics: PresenceServiceMetrics;

  /** @param redis a connection with the role `no-deadline`, because the emitter drops its promises */
  constructor(redis: RedisConnection, metrics: PresenceServiceMetrics) {
    this.#emitter = new Emitter(redis);
    this.#fanOut = new FanOutPublisher(redis);
    this.#metrics = metrics;
  }

  /**
   * Sends each receiver its changes. Receivers of the same changes share a packet, which every chat server encodes once.
   *
   * @param receivers of each change, in the same order
   */
  publishChanges(presences: readonly UserPresence[], receivers: readonly Iterable<UserId>[]): void {
    const indexesOf = new Map<UserId, number[]>();
    for (const [index, some] of receivers.entries()) {
      for (const receiver of some) {
        const indexes = indexesOf.get(receiver);
        if (indexes) indexes.push(index);
        else indexesOf.set(receiver, [index]);
      }
    }
    const changes = presences.map(toPresenceChange);
    for (const same of Map.groupBy(indexesOf, ([, indexes]) => indexes.join()).values()) {
      const packet = { changes: (same[0]?.[1] ?? []).flatMap((index) => changes[index] ?? []) };
      for (let first = 0; first < same.length; first += MAX_ROOMS) {
        const rooms = same.slice(first, first + MAX_ROOMS).map(([receiver]) => userRoom(receiver));
        this.#emitter.to(rooms).emit('presence', packet);
        this.#metrics.chat_presence_packets_total.inc({ kind: 'changes' });
      }
    }
  }

  publishCounts(counts: readonly ChannelCount[]): void {
    this.#fanOut.publish(counts.map((count) => ({ kind: 'count', ...count })));
    this.#metrics.chat_presence_packets_total.inc({ kind: 'counts' }, counts.length);
  }
}
