import { pause } from '@parley/service-kit';
import { Acks } from './acks.ts';
import { Arrivals } from './arrivals.ts';
import type {
  AckReport,
  ClientPoolOptions,
  ClosedLoopLoad,
  FixedRateLoad,
  LossTally,
  Report,
  StreamHead,
} from './commands.ts';
import { FrameCache } from './frame-cache.ts';
import { machineNowMs } from './machine-clock.ts';
import { PooledClient } from './pooled-client.ts';
import type { ProtocolAdapter } from './protocol-adapter.ts';

/** Messages are due at equal intervals. A timer checks at this interval which ones are. */
const LOOK_EVERY_MS = 1;

/** Tolerated delay of the timer. A message that is sent later than this is stamped with the time at which it was due. */
const TIMER_SLACK_MS = 2;

/** The clients of one generator process. Connects them, lets them send, and counts the messages that each receives. */
export class ClientPool {
  readonly #clients: PooledClient[];
  readonly #connectsInFlight: number;
  readonly #arrivals = new Arrivals();
  readonly #acks: Acks;
  readonly #frameCache: FrameCache;
  readonly #failedConnects: Record<string, number> = {};
  readonly #closed: Record<string, number> = {};
  readonly #refused: Record<string, number> = {};
  readonly #heads = new Map<string, number>();
  #sent = 0;
  #acked = 0;
  #maxSendDelayMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ClientPoolOptions, adapter: ProtocolAdapter) {
    const { name, firstIndex, clients, rooms, roomSize, address, reconnects } = options;
    this.#connectsInFlight = options.connectsInFlight;
    this.#acks = new Acks(clients);
    this.#frameCache = new FrameCache(adapter.messagesOf, (frame) => this.#arrivals.settle(frame));
    this.#clients = Array.from({ length: clients }, (_, offset) => {
      const index = firstIndex + offset;
      const room = rooms[Math.min(rooms.length - 1, Math.floor(index / roomSize))] ?? '';
      return new PooledClient({
        identity: { index, userId: `load-${name}-${index}`, room },
        address,
        adapter,
        reconnects,
        frameCache: this.#frameCache,
        arrivals: this.#arrivals,
        count: (what, name) => this.#count(what, name),
        onAccepted: (client, stream, number, dueMs) => {
          this.#acked += 1;
          this.#acks.note(client.identity.index - firstIndex, dueMs, machineNowMs());
          this.#heads.set(stream, Math.max(number, this.#heads.get(stream) ?? 0));
        },
      });
    });
  }

  /** Connects all clients. Each makes one attempt unless clients reconnect. */
  async connect(): Promise<void> {
    const waiting = [...this.#clients];
    const connectNext = async () => {
      for (let client = waiting.shift(); client; client = waiting.shift()) await client.connect();
    };
    await Promise.all(Array.from({ length: this.#connectsInFlight }, connectNext));
  }

  /** Sends at a fixed rate, regardless of replies (open loop). Latency is measured from the time at which a message was due. */
  sendAtRate({ perSecond, senders, startMs, endMs, textCharacters }: FixedRateLoad): void {
    clearInterval(this.#timer);
    const sendingClients = this.#clients.slice(0, senders);
    let nextMs = startMs;
    let turn = 0;
    this.#timer = setInterval(() => {
      const nowMs = machineNowMs();
      for (; nextMs <= nowMs && nextMs < endMs; nextMs += 1_000 / perSecond) {
        const lagMs = nowMs - nextMs;
        this.#maxSendDelayMs = Math.max(this.#maxSendDelayMs, lagMs);
        const dueMs = lagMs > TIMER_SLACK_MS ? nextMs : machineNowMs();
        const text = stamped(dueMs, textCharacters);
        if (sendingClients[turn % sendingClients.length]?.send({ text, dueMs })) this.#sent += 1;
        turn += 1;
      }
      if (nextMs >= endMs) clearInterval(this.#timer);
    }, LOOK_EVERY_MS);
  }

  /** Keeps a number of unacked messages per client (closed loop). */
  sendOnAck({ inFlightPerClient, endMs, textCharacters, isGreedy = false }: ClosedLoopLoad): void {
    const sendNext = (client: PooledClient) => {
      const dueMs = machineNowMs();
      if (dueMs >= endMs) return;
      const next = () => sendNext(client);
      const message = { text: stamped(dueMs, textCharacters), dueMs, onAcked: next };
      if (client.send(isGreedy ? { ...message, onRefused: next } : message)) this.#sent += 1;
    };
    for (const [index, client] of this.#clients.entries()) {
      const inFlight =
        typeof inFlightPerClient === 'number'
          ? inFlightPerClient
          : (inFlightPerClient[index] ?? inFlightPerClient.at(-1) ?? 1);
      for (let count = 0; count < inFlight; count += 1) sendNext(client);
    }
  }

  observe(fromMs: number, toMs: number): void {
    this.#frameCache.evictAll();
    this.#maxSendDelayMs = 0;
    this.#arrivals.observe(fromMs, toMs);
    this.#acks.observe(fromMs, toMs);
  }

  /** Returns the acks of messages that were due in the observed period. */
  acks(): AckReport {
    return this.#acks.report();
  }

  report(): Report {
    this.#frameCache.evictAll();
    const sum = (value: (client: PooledClient) => number) =>
      this.#clients.reduce((total, client) => total + value(client), 0);
    return {
      ready: sum(({ isReady }) => (isReady ? 1 : 0)),
      failedConnects: this.#failedConnects,
      closed: this.#closed,
      sent: this.#sent,
      acked: this.#acked,
      refused: this.#refused,
      unacked: sum(({ unacked }) => unacked),
      received: sum(({ tally }) => tally.received),
      repeated: sum(({ tally }) => tally.repeated),
      late: sum(({ tally }) => tally.late),
      receivedSinceStart: this.#arrivals.sinceStart,
      latencies: this.#arrivals.latencies.toSparse(),
      maxSendDelayMs: this.#maxSendDelayMs,
      heads: [...this.#heads],
    };
  }

  /** Counts missing messages. @param heads the highest numbers of all streams; a client is checked against those of its room */
  tally(heads: readonly StreamHead[]): LossTally {
    const byRoom = new Map<string, { stream: number; head: number }[]>();
    for (const [name, head] of heads) {
      const room = name.split(' ')[0] ?? '';
      const streams = byRoom.get(room) ?? [];
      streams.push({ stream: this.#frameCache.streamOf(name), head });
      byRoom.set(room, streams);
    }
    let lost = 0;
    let behind = 0;
    for (const { identity, tally } of this.#clients) {
      const streams = byRoom.get(identity.room) ?? [];
      const missing = streams.reduce((sum, { stream, head }) => sum + tally.lostUpTo(stream, head), 0);
      lost += missing;
      if (missing > 0) behind += 1;
    }
    return { lost, behind };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.close();
    await pause(0);
  }

  #count(what: 'failedConnects' | 'closed' | 'refused', name: string): void {
    const counts = { failedConnects: this.#failedConnects, closed: this.#closed, refused: this.#refused }[what];
    counts[name] = (counts[name] ?? 0) + 1;
  }
}

/** Returns a text that begins with the time at which it was due. */
const stamped = (dueMs: number, characters: number) => `${dueMs.toFixed(3)} `.padEnd(characters, 'parley ');
