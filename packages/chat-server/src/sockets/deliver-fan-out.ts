import type { FanOutItem } from '@parley/fan-out';
import type { ConversationId, Message } from '@parley/protocol';
import type { Logger } from '@parley/service-kit';
import type { DeliveryMemory } from '../conversations/delivery-memory.ts';
import type { ChatServerMetrics } from '../metrics.ts';
import { LoopLoad } from './loop-load.ts';
import { type ChatIo, type ChatSocket, isConversation } from './socket-types.ts';
import { writePackets } from './write-packets.ts';

/**
 * After handing packets to clients a busy server gathers what comes next: longer the more the handing cost, and the busier it
 * is. One packet costs every process on a client's way its share of work, whatever is in it, and what is measured here is
 * only a part of that.
 */
const GATHER_PER_COST = 8;
const MAX_GATHER_MS = 30;

/** Shares of its time for which a server is busy: below the first nothing waits, from the second on it gathers in full. */
const [IDLE, BUSY] = [0.2, 0.25];

/** Marks of what is stored wait this much longer for messages to travel with. */
const STORED_PATIENCE = 3;

/** What one packet carries at most, in characters of JSON. */
const MAX_PACKET_CHARACTERS = 262_144;

interface Gathered {
  /** Comma-separated messages. */
  readonly json: string[];
  readonly ranges: { readonly firstSeq: number; readonly lastSeq: number }[];
  stored: { readonly seq: number; readonly epoch: string } | undefined;
}

/**
 * Hands what the workers publish to this server's sessions. While there is little to do everything goes out at once; under load
 * what gathers meanwhile shares a packet, encoded once for all clients, and each client gets one write. So the cost of a
 * message falls as their number rises.
 */
export class FanOutDelivery {
  readonly #io: ChatIo;
  readonly #deliveries: DeliveryMemory;
  readonly #metrics: ChatServerMetrics;
  readonly #logger: Logger;
  readonly #loop = new LoopLoad();
  readonly #gathered = new Map<ConversationId, Gathered>();
  #hasMessages = false;
  /** `performance.now()`, ms. */
  #flushedAt = 0;
  #gatherMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(parts: { io: ChatIo; deliveries: DeliveryMemory; metrics: ChatServerMetrics; logger: Logger }) {
    this.#io = parts.io;
    this.#deliveries = parts.deliveries;
    this.#metrics = parts.metrics;
    this.#logger = parts.logger;
  }

  receive(items: readonly FanOutItem[]): void {
    const { rooms } = this.#io.of('/').adapter;
    for (const item of items) {
      if (!isConversation(item.conversationId) || !rooms.has(item.conversationId)) continue;
      let gathered = this.#gathered.get(item.conversationId);
      if (!gathered) {
        gathered = { json: [], ranges: [], stored: undefined };
        this.#gathered.set(item.conversationId, gathered);
      }
      if (item.kind === 'stored') {
        gathered.stored = item;
      } else {
        gathered.json.push(item.json);
        gathered.ranges.push(item);
        this.#hasMessages = true;
      }
    }
    if (this.#gathered.size > 0) this.#schedule();
  }

  /** Hands over what is still gathered, and nothing afterwards. */
  close(): void {
    this.#flush();
    this.#dueAt = Number.NEGATIVE_INFINITY;
  }

  #schedule(): void {
    const patience = this.#hasMessages ? 1 : STORED_PATIENCE;
    const dueAt = this.#flushedAt + this.#gatherMs * patience;
    if (this.#dueAt <= dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, dueAt - performance.now()));
  }

  #flush(): void {
    clearTimeout(this.#timer);
    const startedAt = performance.now();
    for (const [conversationId, gathered] of this.#gathered) this.#hand(conversationId, gathered);
    this.#gathered.clear();
    this.#hasMessages = false;
    this.#flushedAt = performance.now();
    const costMs = this.#flushedAt - startedAt;
    const share = Math.min(1, Math.max(0, (this.#loop.busy - IDLE) / (BUSY - IDLE)));
    this.#gatherMs = share * Math.min(MAX_GATHER_MS, costMs * GATHER_PER_COST);
    this.#dueAt = Number.POSITIVE_INFINITY;
    this.#metrics.chat_fan_out_seconds.observe(costMs / 1_000);
  }

  #hand(conversationId: ConversationId, { json, ranges, stored }: Gathered): void {
    const namespace = this.#io.of('/');
    const room = namespace.adapter.rooms.get(conversationId);
    if (!room) return;
    const packets = packetsOf(conversationId, json);
    if (stored) {
      const { seq, epoch } = stored;
      packets.push(toPacket('stored', JSON.stringify({ conversationId, seq, epoch })));
    }
    const sockets: ChatSocket[] = [];
    for (const id of room) {
      const socket = namespace.sockets.get(id);
      if (socket) sockets.push(socket);
    }
    writePackets(packets, sockets);
    const sessions = sockets.length;
    for (const range of ranges) this.#deliveries.note(conversationId, range, sessions);
    if (json.length > 0 && this.#logger.isLevelEnabled('debug')) {
      const messages = JSON.parse(`[${json.join(',')}]`) as Message[];
      this.#logger.debug({ messageIds: messages.map(({ id }) => id), sessions }, 'delivered');
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
