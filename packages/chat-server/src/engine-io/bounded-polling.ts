import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'socket.io';
import { type EngineConnection, flowOf } from './packet-flow.ts';
import { sessionIdOf } from './session-id.ts';

/**
 * The most packets in one POST of a polling client. All of them are decoded and handled in one turn of the event loop: 87,000 in
 * one POST of 256 KB stopped a server for six seconds.
 */
export const MAX_PACKETS_PER_POST = 2_000;

/** How long a closed connection waits for the poll that fetches its last packets. Engine.IO's default is 30 s. */
const CLOSE_TIMEOUT_MS = 5_000;

/** Separates the packets of a payload. */
const SEPARATOR = '\x1e';

/** The parts of Engine.IO's polling transport that its types declare private. */
interface PollingTransport {
  readonly name: string;
  closeTimeout: number;
  onData(payload: string): void;
}

/**
 * Bounds how many packets of a polling client are decoded at once. Has no effect on a WebSocket, whose frames have one packet each.
 *
 * @param onExcess called instead of decoding a payload that has too many
 */
export function boundPayloads(connection: EngineConnection, onExcess: () => void): void {
  const transport = connection.transport as unknown as PollingTransport;
  if (transport.name !== 'polling') return;
  transport.closeTimeout = CLOSE_TIMEOUT_MS;
  transport.onData = (payload) => {
    if (hasTooManyPackets(payload)) onExcess();
    else (Object.getPrototypeOf(transport) as PollingTransport).onData.call(transport, payload);
  };
}

function hasTooManyPackets(payload: string): boolean {
  let packets = 1;
  for (let at = payload.indexOf(SEPARATOR); at !== -1; at = payload.indexOf(SEPARATOR, at + 1)) {
    packets += 1;
    if (packets > MAX_PACKETS_PER_POST) return true;
  }
  return false;
}

/**
 * Delays a POST of a polling client while its flow is paused. A client sends the next one only after the response, so nothing more
 * of it arrives. A second POST at the same time is a violation of the protocol, as it is for Engine.IO.
 */
export function holdPosts(io: Server): void {
  const { clients } = io.engine as unknown as { clients: Readonly<Record<string, EngineConnection>> };
  io.engine.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
    if (request.method !== 'POST') return next();
    const sid = sessionIdOf(request);
    const connection = sid !== undefined && Object.hasOwn(clients, sid) ? clients[sid] : undefined;
    const flow = connection && flowOf(connection);
    if (!flow?.isPaused) return next();
    const abort = () => void connection?.close(true);
    const isHeld = flow.hold(() => {
      response.off('close', abort);
      next();
    });
    if (isHeld) {
      response.once('close', abort);
    } else {
      response.writeHead(400).end();
      abort();
    }
  });
}
