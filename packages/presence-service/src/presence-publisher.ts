import { FanOutPublisher } from '@parley/fan-out';
import { type PresenceDifference, toPresenceChange, userRoom } from '@parley/presence';
import type { ServerToClientEvents, UserId } from '@parley/protocol';
import type { RedisConnection } from '@parley/service-kit';
import { Emitter } from '@socket.io/redis-emitter';
import type { ChannelCount } from './channel-counts.ts';
import type { PresenceServiceMetrics } from './metrics.ts';

/** Rooms that one packet is addressed to. */
const MAX_ROOMS = 1_000;

/** Tells clients, on whichever server they are: people through Socket.IO's adapter, those who are in a channel as its messages. */
export class PresencePackets {
  readonly #emitter: Emitter<ServerToClientEvents>;
  readonly #fanOut: FanOutPublisher;
  readonly #metrics: PresenceServiceMetrics;

  /** @param patient a connection of that role: the emitter drops its promises */
  constructor(patient: RedisConnection, metrics: PresenceServiceMetrics) {
    this.#emitter = new Emitter(patient);
    this.#fanOut = new FanOutPublisher(patient);
    this.#metrics = metrics;
  }

  /**
   * Tells each receiver of the differences that concern it. Receivers who are told the same share a packet, which every
   * server encodes once.
   *
   * @param receivers of each difference, in the same order
   */
  tellPeople(differences: readonly PresenceDifference[], receivers: readonly Iterable<UserId>[]): void {
    const toldTo = new Map<UserId, number[]>();
    for (const [index, some] of receivers.entries()) {
      for (const receiver of some) {
        const indexes = toldTo.get(receiver);
        if (indexes) indexes.push(index);
        else toldTo.set(receiver, [index]);
      }
    }
    const changes = differences.map(toPresenceChange);
    for (const same of Map.groupBy(toldTo, ([, indexes]) => indexes.join()).values()) {
      const packet = { changes: (same[0]?.[1] ?? []).flatMap((index) => changes[index] ?? []) };
      for (let first = 0; first < same.length; first += MAX_ROOMS) {
        const rooms = same.slice(first, first + MAX_ROOMS).map(([receiver]) => userRoom(receiver));
        this.#emitter.to(rooms).emit('presence', packet);
        this.#metrics.chat_presence_packets_total.inc({ kind: 'changes' });
      }
    }
  }

  tellCounts(counts: readonly ChannelCount[]): void {
    this.#fanOut.publish(counts.map((count) => ({ kind: 'count', ...count })));
    this.#metrics.chat_presence_packets_total.inc({ kind: 'counts' }, counts.length);
  }
}
