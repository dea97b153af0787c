import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { encodeFrame, OPCODES } from '@parley/load-kit/generator';
import type { Endpoint } from '../../attack/exchange.ts';
import { AttackSocket } from '../../attack/web-socket.ts';

const UPGRADE_DEADLINE_MS = 10_000;
const CONNECT_DEADLINE_MS = 15_000;
const ACK_DEADLINE_MS = 20_000;
const WRITE_DEADLINE_MS = 5_000;
const REOPEN_MS = 100;
const FRAMES_PER_WRITE = 100;
let lastAckId = 0;

export const textFrame = (packet: string): Buffer => encodeFrame(OPCODES.text, packet);
export const eventPacket = (event: string, payload: object, ackId?: number): string =>
  `42${ackId ?? ''}${JSON.stringify([event, payload])}`;

/** Opens a WebSocket without an account. @returns undefined if the cluster does not accept it */
export async function openSocket(endpoint: Endpoint): Promise<AttackSocket | undefined> {
  const head = [
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
    `Host: ${endpoint.host}:${endpoint.port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  ];
  const socket = new AttackSocket(endpoint, Buffer.from(`${head.join('\r\n')}\r\n\r\n`));
  if (await socket.isUpgraded(UPGRADE_DEADLINE_MS)) return socket;
  socket.close();
  return undefined;
}

/** Opens a session. It replaces another one of the same user. @returns the reason if the cluster refuses it */
export async function openSession(endpoint: Endpoint, token: string): Promise<AttackSocket | string> {
  const socket = await openSocket(endpoint);
  if (!socket) return 'no connection';
  const answered = socket.waitFor(['40', '44'], CONNECT_DEADLINE_MS);
  await socket.write(textFrame(`40${JSON.stringify({ token, takeover: true })}`), WRITE_DEADLINE_MS);
  const answer = await answered;
  if (answer?.startsWith('40')) return socket;
  socket.close();
  return answer ?? 'no answer';
}

/** Returns the code of a refused connection. */
export const reasonOf = (refusal: string): string => /"message":"(\w+)"/.exec(refusal)?.[1] ?? refusal;

/** Sends an event. @returns the ack as text, or undefined if there is none */
export async function request(socket: AttackSocket, event: string, payload: object): Promise<string | undefined> {
  lastAckId += 1;
  const ack = socket.waitFor([`43${lastAckId}[`], ACK_DEADLINE_MS);
  await socket.write(textFrame(eventPacket(event, payload, lastAckId)), WRITE_DEADLINE_MS);
  return ack;
}

/**
 * Writes frames as fast as the connection takes them, and opens a new connection when one has ended.
 *
 * @param onSent called with the number of frames of each write
 */
export async function flood(
  open: () => Promise<AttackSocket | string | undefined>,
  nextFrame: () => Buffer,
  { max, signal, onSent }: { max: number; signal: AbortSignal; onSent: (frames: number) => void },
): Promise<void> {
  for (let left = max; left > 0 && !signal.aborted; ) {
    const socket = await open();
    if (typeof socket !== 'object') {
      await pause(REOPEN_MS);
      continue;
    }
    while (socket.isOpen && left > 0 && !signal.aborted) {
      await socket.write(Buffer.concat(Array.from({ length: FRAMES_PER_WRITE }, nextFrame)), WRITE_DEADLINE_MS);
      left -= FRAMES_PER_WRITE;
      onSent(FRAMES_PER_WRITE);
      await nextTurn(); // replies are read between the writes
    }
    socket.close();
  }
}
