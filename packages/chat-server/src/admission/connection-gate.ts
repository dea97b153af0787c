import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { ChatError } from '@parley/protocol';
import type { ClientAddresses } from '../client-address.ts';
import { boundPayloads, holdPosts } from '../engine-io/bounded-polling.ts';
import { boundClosing, dropWrites, onceDisconnected } from '../engine-io/client-connection.ts';
import { connectErrorPacket, type EnginePacket, readConnectPacket, withhold } from '../engine-io/connect-packet.ts';
import { type EngineConnection, PacketFlow } from '../engine-io/packet-flow.ts';
import type { Pacer } from '../limits/pacer.ts';
import type { ChatServerMetrics } from '../metrics.ts';
import type { ChatIo } from '../socket-types.ts';
import { checkHandshakes } from './check-handshakes.ts';
import { paceHandshakes } from './pace-handshakes.ts';
import { type PendingConnection, PendingConnections } from './pending-connections.ts';

/** A client sends its CONNECT packet as soon as the connection is open. */
const CONNECT_DEADLINE_MS = 10_000;

/** How long a connection may wait for its admission. In a burst, the clients queue for it. */
export const ADMISSION_DEADLINE_MS = 30_000;

/** How long a refused client has to read the answer. */
const REFUSED_LINGER_MS = 5_000;

/** Packets before the admission: one CONNECT, and the replies to Engine.IO's pings. */
const MAX_PACKETS_BEFORE_ADMISSION = 8;

/** A client may have sent frames before it knew that its connection is closed. */
const MAX_FRAMES_AFTER_CLOSE = 2_000;

/** Attempts to change the transport. Engine.IO's client makes one. */
const MAX_UPGRADE_PROBES = 4;

/** A CONNECT costs as much as this many packets. */
const CONNECT_COST = 50;

/** Retry delay for a client that found too many pending connections. */
const FULL_RETRY_MS = 2_000;

type Phase = 'open' | 'connecting' | 'refused' | 'admitted';

interface GatedConnection extends PendingConnection {
  readonly flow: PacketFlow;
  phase: Phase;
  /** Every CONNECT is refused for this reason. */
  readonly refusal: ChatError | undefined;
  /** Ends the session of an admitted client that sends too much at once. */
  endSession: () => void;
}

/**
 * Guards each connection from its handshake on, before anything of it reaches Socket.IO.
 *
 * **Handshake**: busy addresses wait for their turn (`paceHandshakes`). Refused with 503 while too many connections are pending
 * (`PendingConnections`), and with 403 from a foreign origin.
 *
 * **Open**: the client may send one CONNECT packet, within 10 s. A wrong one is answered with the error, and the connection is closed.
 *
 * **Connecting**: the client waits for its admission and may send nothing but heartbeats. Another CONNECT is answered with an error.
 *
 * **Refused**: the answer has been written, and the connection is closed when the client has read it, at the latest after 5 s.
 *
 * **Admitted**: the connection is no longer pending. Its packets are limited by `PacketFlow` only. If the client leaves the
 * namespace, the connection is open again.
 */
export class ConnectionGate {
  readonly #pending: PendingConnections;
  readonly #gated = new WeakMap<EngineConnection, GatedConnection>();
  readonly #addresses: ClientAddresses;
  readonly #allowedOrigins: readonly string[];
  readonly #metrics: ChatServerMetrics;

  constructor(
    io: ChatIo,
    parts: {
      addresses: ClientAddresses;
      allowedOrigins: readonly string[];
      maxPending: number;
      pacer: Pacer;
      metrics: ChatServerMetrics;
    },
  ) {
    this.#addresses = parts.addresses;
    this.#allowedOrigins = parts.allowedOrigins;
    this.#pending = new PendingConnections(parts.maxPending);
    this.#metrics = parts.metrics;
    paceHandshakes(io, parts);
    checkHandshakes(io, (request) => this.#refusalOf(request));
    holdPosts(io);
    io.engine.on('connection', (connection: EngineConnection) => this.#open(connection));
  }

  /** Returns the address that a connection counts for, also when its request has been released. */
  addressOf(connection: EngineConnection): string {
    return this.#gated.get(connection)?.address ?? 'unknown';
  }

  /** The client has joined the namespace. @param endSession called when it sends too many packets at once */
  admitted(connection: EngineConnection, endSession: () => void): void {
    const gated = this.#gated.get(connection);
    if (!gated) return;
    this.#pending.remove(connection);
    gated.phase = 'admitted';
    gated.endSession = endSession;
    gated.flow.liftLimit();
  }

  /** The client was refused, and the answer has been written. */
  refused(connection: EngineConnection): void {
    const gated = this.#gated.get(connection);
    if (gated) this.#close(gated);
  }

  /** The client left the namespace. Its connection may still be open. */
  left(connection: EngineConnection): void {
    const gated = this.#gated.get(connection);
    if (!gated || connection.readyState === 'closed') return;
    this.#expectConnect(gated);
  }

  /** Terminates the connections that stayed pending for too long. */
  async terminateOverdue(): Promise<void> {
    this.#metrics.chat_pending_connections.set(this.#pending.size);
    const terminated = await this.#pending.terminateOverdue(performance.now());
    if (terminated > 0) this.#count('overdue', terminated);
  }

  /** A WebSocket of a foreign origin is accepted first: only then can its client read the error. */
  #refusalOf(request: IncomingMessage): ChatError | undefined {
    if (this.#isForeign(request) && request.headers.upgrade === undefined) return new ChatError('FORBIDDEN');
    if (this.#pending.hasPlaceFor(this.#addresses.of(request))) return undefined;
    this.#count('full');
    const message = 'This server has too many connections that are not admitted yet. Try again in a moment.';
    return new ChatError('UNAVAILABLE', { message, retryAfterMs: FULL_RETRY_MS });
  }

  /** Browsers always send their origin. Other clients are not bound by the list. */
  #isForeign({ headers: { origin } }: IncomingMessage): boolean {
    return origin !== undefined && !this.#allowedOrigins.includes(origin);
  }

  #open(connection: EngineConnection): void {
    const flow = PacketFlow.open(connection);
    const gated: GatedConnection = {
      connection,
      flow,
      address: this.#addresses.of(connection.request),
      endsAt: 0,
      phase: 'open',
      refusal: this.#isForeign(connection.request) ? new ChatError('FORBIDDEN') : undefined,
      endSession: nothing,
    };
    this.#gated.set(connection, gated);
    this.#expectConnect(gated);
    connection.on('packet', (packet: EnginePacket) => this.#receive(gated, packet));
    connection.once('close', () => this.#disconnect(gated));
    boundPayloads(connection, () => this.#refuseExcess(gated));
    if (connection.transport.name === 'polling') this.#boundUpgrades(gated);
  }

  #expectConnect(gated: GatedConnection): void {
    gated.phase = 'open';
    gated.endsAt = performance.now() + CONNECT_DEADLINE_MS;
    gated.flow.limitTo(MAX_PACKETS_BEFORE_ADMISSION, () => this.#close(gated));
    this.#pending.add(gated);
  }

  #receive(gated: GatedConnection, packet: EnginePacket): void {
    if (gated.phase === 'admitted') this.#receiveAdmitted(gated, packet);
    else this.#receivePending(gated, packet);
  }

  #receiveAdmitted({ connection, flow }: GatedConnection, packet: EnginePacket): void {
    if (packet.type !== 'message') return;
    const connect = readConnectPacket(packet.data);
    if (!connect?.refusal) return; // Socket.IO closes a connection that joins its namespace twice
    flow.spend(CONNECT_COST);
    connection.write(connectErrorPacket(connect.namespace, connect.refusal));
    withhold(packet);
  }

  #receivePending(gated: GatedConnection, packet: EnginePacket): void {
    if (packet.type !== 'message') return;
    if (gated.phase === 'refused') {
      withhold(packet);
      return;
    }
    const connect = readConnectPacket(packet.data);
    const refusal = gated.refusal ?? connect?.refusal ?? (gated.phase === 'connecting' ? repeatedConnect() : undefined);
    if (connect && !refusal) {
      gated.phase = 'connecting';
      gated.endsAt = performance.now() + ADMISSION_DEADLINE_MS;
      gated.flow.spend(CONNECT_COST);
      return;
    }
    withhold(packet);
    if (connect && refusal) this.#refuse(gated, connect.namespace, refusal);
    else this.#close(gated);
  }

  #refuseExcess(gated: GatedConnection): void {
    // The session ends after the response to the POST.
    if (gated.phase === 'admitted') setImmediate(gated.endSession);
    else this.#refuse(gated, '/', new ChatError('PAYLOAD_TOO_LARGE', { message: 'Too many packets in one request.' }));
  }

  #refuse(gated: GatedConnection, namespace: string, error: ChatError): void {
    if (gated.phase === 'refused') return;
    gated.connection.write(connectErrorPacket(namespace, error));
    dropWrites(gated.connection); // the answer to an admission that has begun
    this.#close(gated);
  }

  /** Closes after the packets that were written, and after the response to the POST that is being handled. */
  #close(gated: GatedConnection): void {
    if (gated.phase === 'refused') return;
    this.#count('refused');
    gated.phase = 'refused';
    gated.endsAt = performance.now() + REFUSED_LINGER_MS;
    setImmediate(() => gated.connection.close());
  }

  /** Before a change of the transport, any number of probes would each be answered. */
  #boundUpgrades({ connection }: GatedConnection): void {
    let probes = 0;
    connection.on('upgrading', (transport: EventEmitter) => {
      probes += 1;
      if (probes <= MAX_UPGRADE_PROBES) return;
      transport.removeAllListeners('packet');
      // Not at once: after this event Engine.IO starts a timer that the closing of the connection must stop.
      setImmediate(() => connection.close(true));
    });
  }

  /** A closed WebSocket costs memory and work until its TCP connection ends. */
  #disconnect(gated: GatedConnection): void {
    const { connection } = gated;
    boundClosing({ conn: connection }, MAX_FRAMES_AFTER_CLOSE);
    gated.endsAt = performance.now() + REFUSED_LINGER_MS;
    this.#pending.add(gated);
    onceDisconnected({ conn: connection }, () => this.#pending.remove(connection));
  }

  #count(outcome: 'full' | 'refused' | 'overdue', count = 1): void {
    this.#metrics.chat_pending_connections_ended_total.inc({ outcome }, count);
  }
}

const repeatedConnect = () => new ChatError('INVALID_PAYLOAD', { message: 'A connection has one CONNECT packet.' });

const nothing = () => undefined;
