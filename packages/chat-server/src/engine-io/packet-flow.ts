import type { Socket } from 'socket.io';

/** A client's Engine.IO connection. */
export type EngineConnection = Socket['conn'];

/** How many packets a client may send per second, all the time and in one burst. The fastest benchmark sends 100 per second. */
const PACKETS_PER_SECOND = 1_000;
const BURST_PACKETS = 2_000;

/** This many bytes cost as much as one packet. */
const BYTES_PER_PACKET = 1_024;

/** A paused client sends on when it has this much credit, so that it is not paused again after each packet. */
const RESUME_CREDIT = 100;

interface WebSocketParts {
  readonly isPaused: boolean;
  readonly _socket?: { readonly bytesRead: number };
  pause(): void;
  resume(): void;
  on(event: 'ping' | 'pong', listener: () => void): void;
}

/** Engine.IO's transport. It has a WebSocket unless the client polls. */
interface Transport {
  readonly socket?: WebSocketParts;
}

const flows = new WeakMap<object, PacketFlow>();

/** Returns the flow of an open connection. */
export const flowOf = (connection: EngineConnection): PacketFlow | undefined => flows.get(connection);

/**
 * Back-pressure for one client. A client that sends too fast slows down only itself: its packets are handled late, none is dropped.
 *
 * **Open**: packets are read as they arrive. Each costs credit, which is renewed at a fixed rate.
 *
 * **Paused**, while the credit is used up, or while events of the client wait to be handled. Nothing more is read: a WebSocket is
 * paused, and TCP slows the client down; of a polling client the next POST waits (`holdPosts`). A client that stays paused for too
 * long fails Engine.IO's heartbeat. Packets that were read already are still handled, so that the credit can be negative.
 *
 * **Closed**, when the connection is closed.
 */
export class PacketFlow {
  readonly #connection: EngineConnection;
  #credit = BURST_PACKETS;
  #renewedAt = performance.now();
  /** Bytes read from the TCP connection of a WebSocket, which include control frames and fragments. */
  #bytesRead = 0;
  #eventsWait = false;
  /** Runs while the credit is used up. */
  #renewal: NodeJS.Timeout | undefined;
  #heldPost: (() => void) | undefined;
  /** How many more packets may arrive; undefined = any number. */
  #allowance: number | undefined;
  #onExcess: () => void = () => undefined;

  /** The length of the longest packet so far. */
  longestPacket = 0;

  private constructor(connection: EngineConnection) {
    this.#connection = connection;
  }

  /** Starts the flow of a new connection. */
  static open(connection: EngineConnection): PacketFlow {
    const flow = new PacketFlow(connection);
    flows.set(connection, flow);
    connection.on('packet', ({ data }: { data?: string | Buffer }) => flow.#receive(data?.length ?? 0));
    connection.once('close', () => flow.#close());
    if (flow.#webSocket) flow.#countControlFrames();
    else connection.once('upgrade', () => flow.#upgraded());
    return flow;
  }

  get isPaused(): boolean {
    return this.#eventsWait || this.#renewal !== undefined;
  }

  /** @param eventsWait whether events of the client wait to be handled */
  update(eventsWait: boolean): void {
    if (this.#eventsWait === eventsWait) return;
    this.#eventsWait = eventsWait;
    this.#apply();
  }

  /** Calls `onExcess` for each further packet when this many have arrived. Control frames of a WebSocket count, too. */
  limitTo(packets: number, onExcess: () => void): void {
    this.#allowance = packets;
    this.#onExcess = onExcess;
  }

  liftLimit(): void {
    this.#allowance = undefined;
  }

  /** Takes credit for a packet that costs more than its size says. */
  spend(packets: number): void {
    this.#credit -= packets;
    if (this.#credit >= 0 || this.#renewal) return;
    this.#renew();
    if (this.#credit < 0) this.#pauseUntilRenewed();
  }

  /** Calls back once, as soon as the flow is open or closed. @returns false if another POST waits already */
  hold(proceed: () => void): boolean {
    if (this.#heldPost) return false;
    this.#heldPost = proceed;
    return true;
  }

  get #webSocket(): WebSocketParts | undefined {
    return (this.#connection.transport as unknown as Transport).socket;
  }

  #receive(length: number): void {
    if (length > this.longestPacket) this.longestPacket = length;
    const total = this.#webSocket?._socket?.bytesRead;
    this.spend(1 + (total === undefined ? length : total - this.#bytesRead) / BYTES_PER_PACKET);
    if (total !== undefined) this.#bytesRead = total;
    if (this.#allowance === undefined) return;
    this.#allowance -= 1;
    if (this.#allowance < 0) this.#onExcess();
  }

  /** `ws` answers a ping, and Engine.IO does not see it. */
  #countControlFrames(): void {
    const receive = () => this.#receive(0);
    this.#webSocket?.on('ping', receive);
    this.#webSocket?.on('pong', receive);
  }

  #upgraded(): void {
    this.#countControlFrames();
    this.#apply();
  }

  #renew(): void {
    const now = performance.now();
    const renewed = ((now - this.#renewedAt) / 1_000) * PACKETS_PER_SECOND;
    this.#credit = Math.min(BURST_PACKETS, this.#credit + renewed);
    this.#renewedAt = now;
  }

  #pauseUntilRenewed(): void {
    const inMs = ((RESUME_CREDIT - this.#credit) / PACKETS_PER_SECOND) * 1_000;
    this.#renewal = setTimeout(() => {
      this.#renewal = undefined;
      this.#renew();
      if (this.#credit < 0) this.#pauseUntilRenewed();
      else this.#apply();
    }, inMs);
    this.#apply();
  }

  #apply(): void {
    if (this.#connection.readyState === 'closed') return;
    if (this.isPaused) {
      this.#webSocket?.pause();
      return;
    }
    if (this.#webSocket?.isPaused) this.#webSocket.resume();
    this.#releasePost();
  }

  #releasePost(): void {
    const proceed = this.#heldPost;
    this.#heldPost = undefined;
    proceed?.();
  }

  #close(): void {
    clearTimeout(this.#renewal);
    this.#renewal = undefined;
    this.#eventsWait = false;
    this.#releasePost();
  }
}
