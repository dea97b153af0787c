import type { FanOutItem, FanOutStored } from '@parley/fan-out';
import type { ConversationId, HeadsPacket, Message, PresencePacket } from '@parley/protocol';
import { forEachTimeSliced, type Logger } from '@parley/service-kit';
import { type EncodedPackets, encodePackets, writePackets } from '../engine-io/write-packets.ts';
import type { HostCpuUsage } from '../host-cpu-usage.ts';
import type { ChatServerMetrics } from '../metrics.ts';
import { type ChatIo, type ChatSocket, isConversation } from '../socket-types.ts';
import type { DeliveryMemory } from './delivery-memory.ts';
import { type EventLoopUtilisation, linearRamp } from './event-loop-utilisation.ts';

/**
 * After a flush, a busy server waits before the next one. The wait grows with the cost of the flush. The factor is high because
 * each packet also costs CPU time in every process on the way to a client, and the time measured here is only a small part of it.
 */
const WAIT_PER_FLUSH_COST = 40;
const MAX_WAIT_MS = 30;

/**
 * Ramps from no wait to the full wait. Host CPU usage counts because a packet that is saved also saves work in the load balancer and in
 * the clients. An expensive flush is enough on its own, because the next one would overlap with packets that are still in transit.
 */
const EVENT_LOOP_BUSY = [0.5, 0.7] as const;
const HOST_BUSY = [0.7, 0.85] as const;
const EXPENSIVE_FLUSH_MS = [4, 10] as const;

/** Latest-value events wait up to this long to share a packet with messages: alone, each would cost as much as a message. */
const LATEST_VALUE_WAIT_MS = 100;

/** The most characters of JSON in one packet. */
const MAX_PACKET_CHARACTERS = 262_144;

/** The longest time for which `hold` keeps what arrives. The store answers within a few milliseconds. */
const MAX_HOLD_MS = 250;

/** Payloads by event. The latest one replaces earlier ones of the same conversation. */
interface LatestValues {
  stored?: Omit<FanOutStored, 'kind'>;
  heads?: HeadsPacket;
  presence?: PresencePacket;
}

interface Collected {
  /** Comma-separated messages. */
  readonly json: string[];
  readonly ranges: { readonly firstSeq: number; readonly lastSeq: number }[];
  readonly latest: LatestValues;
}

/** The items of a conversation whose room may change. */
interface Held {
  readonly items: FanOutItem[];
  /** Calls of `hold` that have not ended. */
  holders: number;
  readonly timer: NodeJS.Timeout;
}

/**
 * Delivers what workers publish to this server's sessions. Messages of a conversation stay in order.
 *
 * **Idle**: nothing is collected. The first message schedules a flush at once, the first latest-value event one in 100 ms.
 *
 * **Collecting**: items are kept by conversation until the flush. Messages make it due at `flushedAt + waitMs`, even if a later
 * time was scheduled; items for conversations without a session here are dropped.
 *
 * **Flushing**: each conversation's items become as few packets as possible, encoded once for all receivers, and each client gets
 * one write. The writes run in slices, so the event loop serves other work in between. Items that arrive now are collected for the
 * next flush. Afterwards the server is idle or collecting again, with a wait that depends on its load and on the cost of the flush.
 * A quiet server therefore sends at once, and the cost of a message falls as the load rises.
 *
 * **Held**: while a caller decides who is in the room of a conversation, its items are kept aside, at most for 250 ms.
 *
 * **Closed**: `close` flushes what is collected. Nothing is delivered afterwards.
 */
export class FanOutDelivery {
  readonly #io: ChatIo;
  readonly #deliveries: DeliveryMemory;
  readonly #metrics: ChatServerMetrics;
  readonly #logger: Logger;
  readonly #utilisation: EventLoopUtilisation;
  readonly #hostCpu: HostCpuUsage;
  #collected = new Map<ConversationId, Collected>();
  readonly #held = new Map<ConversationId, Held>();
  #hasMessages = false;
  /** `performance.now()` at the end of the last flush. */
  #flushedAt = 0;
  /** How long messages wait after that. */
  #waitMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** `performance.now()` of the scheduled flush. */
  #dueAt = Number.POSITIVE_INFINITY;
  #flushing: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: {
    io: ChatIo;
    deliveries: DeliveryMemory;
    utilisation: EventLoopUtilisation;
    hostCpu: HostCpuUsage;
    metrics: ChatServerMetrics;
    logger: Logger;
  }) {
    this.#io = parts.io;
    this.#deliveries = parts.deliveries;
    this.#utilisation = parts.utilisation;
    this.#hostCpu = parts.hostCpu;
    this.#metrics = parts.metrics;
    this.#logger = parts.logger;
  }

  receive(items: readonly FanOutItem[]): void {
    for (const item of items) {
      const { kind, conversationId } = item;
      const held = this.#held.get(conversationId);
      if (held) {
        held.items.push(item);
      } else if (kind === 'messages') {
        const collected = this.#collectedFor(conversationId);
        if (!collected) continue;
        collected.json.push(item.json);
        collected.ranges.push(item);
        this.#hasMessages = true;
      } else if (kind === 'stored') {
        this.#collectStored(item);
      } else {
        const presence = { changes: [], counts: [{ conversationId, online: item.online }] };
        this.#collectLatest(conversationId, { presence });
      }
    }
    this.#schedule();
  }

  /**
   * Keeps what arrives for a conversation from now on, because sessions may join its room. It is delivered to those who are in the
   * room when the returned function is called, or after 250 ms. A slow store must not silence a conversation.
   */
  hold(conversationId: ConversationId): () => void {
    if (this.#isClosed) return () => undefined;
    const held = this.#held.get(conversationId) ?? {
      items: [],
      holders: 0,
      timer: setTimeout(() => this.#release(conversationId), MAX_HOLD_MS),
    };
    this.#held.set(conversationId, held);
    held.holders += 1;
    return () => {
      held.holders -= 1;
      if (held.holders === 0 && this.#held.get(conversationId) === held) this.#release(conversationId);
    };
  }

  #release(conversationId: ConversationId): void {
    const held = this.#held.get(conversationId);
    if (!held) return;
    this.#held.delete(conversationId);
    clearTimeout(held.timer);
    this.receive(held.items);
  }

  /** Sends a head to the sessions of its conversation, in a packet with everything else that is collected for them. */
  sendHead(head: HeadsPacket[number]): void {
    this.#collectLatest(head.conversationId, { heads: [head] });
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const conversationId of [...this.#held.keys()]) this.#release(conversationId);
    await this.#flushing;
    await this.#flush();
  }

  /** Returns undefined if no session of this server is in the conversation. */
  #collectedFor(conversationId: ConversationId): Collected | undefined {
    if (!isConversation(conversationId) || !this.#io.of('/').adapter.rooms.has(conversationId)) return undefined;
    let collected = this.#collected.get(conversationId);
    if (!collected) {
      collected = { json: [], ranges: [], latest: {} };
      this.#collected.set(conversationId, collected);
    }
    return collected;
  }

  /** Two workers may publish the offsets of a conversation in reverse order. Within an epoch, only the higher offset is sent. */
  #collectStored({ conversationId, seq, epoch }: FanOutStored): void {
    const previous = this.#collectedFor(conversationId)?.latest.stored;
    if (previous?.epoch === epoch && previous.seq > seq) return;
    this.#collectLatest(conversationId, { stored: { conversationId, seq, epoch } });
  }

  #collectLatest(conversationId: ConversationId, values: LatestValues): void {
    const collected = this.#collectedFor(conversationId);
    if (collected) Object.assign(collected.latest, values);
  }

  #schedule(): void {
    if (this.#collected.size === 0 || this.#flushing || this.#isClosed) return;
    const now = performance.now();
    const dueAt = this.#hasMessages ? this.#flushedAt + this.#waitMs : now + LATEST_VALUE_WAIT_MS;
    if (this.#dueAt <= dueAt) return;
    this.#unschedule();
    this.#dueAt = dueAt;
    const waitMs = dueAt - now;
    // A timer takes at least 1 ms, which is a third of a message's latency on an idle server.
    if (waitMs <= 0) this.#immediate = setImmediate(() => this.#flush());
    else this.#timer = setTimeout(() => this.#flush(), waitMs);
  }

  #unschedule(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  async #flush(): Promise<void> {
    this.#unschedule();
    const startedAt = performance.now();
    const collected = this.#collected;
    this.#collected = new Map();
    this.#hasMessages = false;
    this.#flushing = forEachTimeSliced(this.#writesOf(collected), ([packets, socket]) => writePackets(packets, socket));
    await this.#flushing;
    this.#flushing = undefined;
    this.#flushedAt = performance.now();
    const costMs = this.#flushedAt - startedAt;
    const load = Math.max(
      linearRamp(this.#utilisation.current, EVENT_LOOP_BUSY),
      linearRamp(this.#hostCpu.current, HOST_BUSY),
      linearRamp(costMs, EXPENSIVE_FLUSH_MS),
    );
    this.#waitMs = load * Math.min(MAX_WAIT_MS, costMs * WAIT_PER_FLUSH_COST);
    this.#metrics.chat_fan_out_seconds.observe(costMs / 1_000);
    this.#schedule();
  }

  /** Yields one write per client. Each room is read when its turn comes: a client that has left by then gets nothing. */
  *#writesOf(all: ReadonlyMap<ConversationId, Collected>): Generator<[EncodedPackets, ChatSocket]> {
    const { adapter, sockets } = this.#io.of('/');
    for (const [conversationId, { json, ranges, latest }] of all) {
      const room = adapter.rooms.get(conversationId);
      if (!room) continue;
      const packets = toMessagePackets(conversationId, json);
      for (const [event, payload] of Object.entries(latest)) packets.push(toPacket(event, JSON.stringify(payload)));
      const encoded = encodePackets(packets);
      let sessions = 0;
      for (const id of room) {
        const socket = sockets.get(id);
        if (!socket) continue;
        sessions += 1;
        yield [encoded, socket];
      }
      for (const range of ranges) this.#deliveries.note(conversationId, range, sessions);
      if (json.length > 0 && this.#logger.isLevelEnabled('debug')) {
        const messages = JSON.parse(`[${json.join(',')}]`) as Message[];
        this.#logger.debug({ messageIds: messages.map(({ id }) => id), sessions }, 'delivered');
      }
    }
  }
}

/** Puts messages into as few packets as the bound on their size allows. */
function toMessagePackets(conversationId: ConversationId, json: readonly string[]): string[] {
  const packets: string[] = [];
  let messages = '';
  const endPacket = () => {
    if (messages) packets.push(toPacket('messages', `{"conversationId":"${conversationId}","messages":[${messages}]}`));
  };
  for (const chunk of json) {
    if (messages && messages.length + chunk.length > MAX_PACKET_CHARACTERS) {
      endPacket();
      messages = '';
    }
    messages = messages ? `${messages},${chunk}` : chunk;
  }
  endPacket();
  return packets;
}

/** Encodes a Socket.IO EVENT packet of the main namespace: https://socket.io/docs/v4/socket-io-protocol/#packet-types */
const toPacket = (event: string, payload: string) => `2["${event}",${payload}]`;
