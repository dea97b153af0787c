import { ChatError } from '@parley/protocol';

/** The longest CONNECT packet. An access token has at most 4,096 characters. */
const MAX_CONNECT_CHARACTERS = 16_384;

/** Socket.IO's packet types, without the "4" by which Engine.IO marks a message. */
const CONNECT = '0';
const CONNECT_ERROR = '4';

/** The only namespace. */
const ROOT = '/';

/** A packet as Engine.IO emits it, before it passes it on to Socket.IO. */
export interface EnginePacket {
  type: string;
  data?: unknown;
}

/** Hides a packet from Socket.IO. Engine.IO looks at the type after the event `packet`, and ignores this one. */
export function withhold(packet: EnginePacket): void {
  packet.type = 'noop';
  packet.data = undefined;
}

/** A CONNECT packet that Socket.IO accepts, or the reason why it is refused. */
export interface ConnectPacket {
  readonly namespace: string;
  readonly refusal: ChatError | undefined;
}

/** Reads the data of an Engine.IO message. @returns undefined if it is no CONNECT packet */
export function readConnectPacket(data: unknown): ConnectPacket | undefined {
  if (typeof data !== 'string' || !data.startsWith(CONNECT)) return undefined;
  if (data.length > MAX_CONNECT_CHARACTERS) {
    return { namespace: ROOT, refusal: new ChatError('PAYLOAD_TOO_LARGE', { message: 'The handshake is too large.' }) };
  }
  const hasNamespace = data[1] === ROOT;
  const comma = hasNamespace ? data.indexOf(',') : 0;
  const namespace = hasNamespace ? data.slice(1, comma === -1 ? undefined : comma) : ROOT;
  if (namespace !== ROOT) {
    const refusal = new ChatError('NOT_FOUND', { message: 'There is no such namespace. Connect to /.' });
    return { namespace, refusal };
  }
  const auth = comma === -1 ? '' : data.slice(comma + 1);
  return { namespace, refusal: isObjectOrNothing(auth) ? undefined : new ChatError('INVALID_PAYLOAD') };
}

function isObjectOrNothing(json: string): boolean {
  if (json === '') return true;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Returns the data of an Engine.IO message that refuses a CONNECT packet. */
export function connectErrorPacket(namespace: string, error: ChatError): string {
  const body = JSON.stringify({ message: error.code, data: error.toBody() });
  return namespace === ROOT ? `${CONNECT_ERROR}${body}` : `${CONNECT_ERROR}${namespace},${body}`;
}
