import type { FanOutItem } from '@parley/fan-out';
import type { ConversationId, HeadsPacket, Message } from '@parley/protocol';
import { forEachTimeSliced, type Logger } from '@parley/service-kit';
import { type EncodedPackets, encodePackets, writePackets } from '../engine-io/write-packets.ts';
import type { ChatServerMetrics } from '../metrics.ts';
import { type ChatIo, type ChatSocket, isConversation } from '../socket-types.ts';
import type { DeliveryMemory } from './delivery-memory.ts';
import { type EventLoopUtilisation, linearRamp } from './event-loop-utilisation.ts';
import { HostCpuUsage } from './host-cpu-usage.ts';

/**
 * After handing packets to clients a busy server gathers what comes next: longer the more the handing cost, and the busier it
 * is. One packet costs every process on a client's way its share of work, whatever is in it, and what is measured here is
 * only a small part of that: of several servers each has its part of a room.
 */
const GATHER_PER_COST = 40;
const MAX_GATHER_MS = 30;

/**
 * Shares of the time for which this server, or its machine, is busy: below the first nothing waits, from the second on it gathers in full.
 * The machine counts because each packet that is saved saves the balancer and the clients' ends as much as this server.
 */
const LOOP_BUSY = [0.5, 0.7] as const;
const MACHINE_BUSY = [0.7, 0.85] as const;
/** ms: a round that took so long is followed by gathering in any case; the next one would meet it on its way. */
const EXPENSIVE_FLUSH_MS = [4, 10] as const;

/** What only counts as it is now waits so long for messages to travel with; alone each would be a packet as dear as a message. */
const STATE_PATIENCE_MS = 100;

/** What one packet carries at most, in characters of JSON. */
const MAX_PACKET_CHARACTERS = 262_144;

interface Gathered {
  /** Comma-separated messages. */
  readonly json: string[];
  readonly ranges: { readonly firstSeq: number; readonly lastSeq: number }[];
  /** By event: what only counts as it is now. */
  readonly states: Map<StateEvent, object>;
}

/** Events of which a later one makes an earlier one of the same conversation pointless. */
type StateEvent = 'stored' | 'heads' | 'presence';

/**
 * Hands what the workers publish to this server's sessions. While there is little to do everything goes out at once; under load
 * what gathers meanwhile shares a packet, encoded once for all clients, and each client gets one write. So the cost of a
 * message falls as their number rises. Thousands of writes let others get a turn in between.
 */
export class FanOutDelivery {
  readonly #io: ChatIo;
  readonly #deliveries: DeliveryMemory;
  readonly #metrics: ChatServerMetrics;
  readonly #logger: Logger;
  readonly #loop: EventLoopUtilisation;
  readonly #machine = new HostCpuUsage();
  #gathered = new Map<ConversationId, Gathered>();
  #hasMessages = false;
  /** `performance.now()`, ms. */
  #flushedAt = 0;
  #gatherMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #handing: Promise<void> | undefined;
  #isClosed = false;

  constructor(parts: {
    io: ChatIo;
    deliveries: DeliveryMemory;
    load: EventLoopUtilisation;
    metrics: ChatServerMetrics;
    logger: Logger;
  }) {
    this.#io = parts.io;
    this.#deliveries = parts.deliveries;
    this.#loop = parts.load;
    this.#metrics = parts.metrics;
    this.#logger = parts.logger;
  }

  receive(items: readonly FanOutItem[]): void {
    for (const item of items) {
      const { kind, conversationId } = item;
      if (kind === 'messages') {
        const gathered = this.#gatheredFor(conversationId);
        gathered?.json.push(item.json);
        gathered?.ranges.push(item);
        if (gathered) this.#hasMessages = true;
      } else if (kind === 'stored') {
        this.#gatherState(conversationId, 'stored', { conversationId, seq: item.seq, epoch: item.epoch });
      } else {
        this.#gatherState(conversationId, 'presence', {
          changes: [],
          counts: [{ conversationId, online: item.online }],
        });
      }
    }
    this.#schedule();
  }

  /** Tells the conversation's sessions, together with what else there is for them. */
  tellHead(head: HeadsPacket[number]): void {
    this.#gatherState(head.conversationId, 'heads', [head]);
    this.#schedule();
  }

  /** Hands over what is still gathered, and nothing afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#handing;
    await this.#flush();
  }

  /** undefined where no session of this server is in the conversation. */
  #gatheredFor(conversationId: ConversationId): Gathered | undefined {
    if (!isConversation(conversationId) || !this.#io.of('/').adapter.rooms.has(conversationId)) return undefined;
    let gathered = this.#gathered.get(conversationId);
    if (!gathered) {
      gathered = { json: [], ranges: [], states: new Map() };
      this.#gathered.set(conversationId, gathered);
    }
    return gathered;
  }

  #gatherState(conversationId: ConversationId, event: StateEvent, payload: object): void {
    this.#gatheredFor(conversationId)?.states.set(event, payload);
  }

  #schedule(): void {
    if (this.#gathered.size === 0 || this.#handing || this.#isClosed) return;
    const now = performance.now();
    const dueAt = this.#hasMessages ? this.#flushedAt + this.#gatherMs : now + STATE_PATIENCE_MS;
    if (this.#dueAt <= dueAt) return;
    this.#unschedule();
    this.#dueAt = dueAt;
    const waitMs = dueAt - now;
    // A timer takes a millisecond at least, which at rest is a third of a message's way.
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
    const gathered = this.#gathered;
    this.#gathered = new Map();
    this.#hasMessages = false;
    this.#handing = forEachTimeSliced(this.#handings(gathered), ([packets, socket]) => writePackets(packets, socket));
    await this.#handing;
    this.#handing = undefined;
    this.#flushedAt = performance.now();
    const costMs = this.#flushedAt - startedAt;
    const share = Math.max(
      linearRamp(this.#loop.busy, LOOP_BUSY),
      linearRamp(this.#machine.busy, MACHINE_BUSY),
      linearRamp(costMs, EXPENSIVE_FLUSH_MS),
    );
    this.#gatherMs = share * Math.min(MAX_GATHER_MS, costMs * GATHER_PER_COST);
    this.#metrics.chat_fan_out_seconds.observe(costMs / 1_000);
    this.#schedule();
  }

  /** Who gets what. A room is read as it is when its turn comes: whoever has left it by then gets nothing. */
  *#handings(all: ReadonlyMap<ConversationId, Gathered>): Generator<[EncodedPackets, ChatSocket]> {
    const { adapter, sockets } = this.#io.of('/');
    for (const [conversationId, { json, ranges, states }] of all) {
      const room = adapter.rooms.get(conversationId);
      if (!room) continue;
      const packets = packetsOf(conversationId, json);
      for (const [event, payload] of states) packets.push(toPacket(event, JSON.stringify(payload)));
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

/** As few packets as the bound on their size allows. */
function packetsOf(conversationId: ConversationId, json: readonly string[]): string[] {
  const packets: string[] = [];
  let messages = '';
  const end = () => {
    if (messages) packets.push(toPacket('messages', `{"conversationId":"${conversationId}","messages":[${messages}]}`));
  };
  for (const some of json) {
    if (messages && messages.length + some.length > MAX_PACKET_CHARACTERS) {
      end();
      messages = '';
    }
    messages = messages ? `${messages},${some}` : some;
  }
  end();
  return packets;
}

/** A Socket.IO EVENT packet of the main namespace: https://socket.io/docs/v4/socket-io-protocol/#packet-types */
const toPacket = (event: string, payload: string) => `2["${event}",${payload}]`;
