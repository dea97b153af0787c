// Attacks on the session slots.
import { setTimeout as pause } from 'node:timers/promises';
import type { AttackSocket } from '../../attack/web-socket.ts';
import type { KnownAttack, Stage } from '../known-attack.ts';
import { type AttackerAccount, newAccounts } from './accounts.ts';
import { floodSession, messageFrame } from './events.ts';
import { openSession, openSocket, reasonOf, request, textFrame } from './socket-client.ts';

const GUESTS = 50;
const IDLE_TIMEOUT_MS = 6_000;
const KNOCK_MS = 1_000;
const CHAT_MS = 1_000;
/** The flooder has a slot before the guests fill them. */
const FLOODER_FIRST_MS = 500;
const WRITE_DEADLINE_MS = 5_000;
const CONNECTIONS = 500;
const FLOODER_ADDRESS = 20;
const CONNECTIONS_ADDRESS = 21;

export const idleGuests: KnownAttack = {
  name: 'idle-guests',
  summary: `${GUESTS} guests say hello and nothing else, and return when their sessions end`,
  settings: { ALLOW_GUESTS: 'true', MAX_CLIENTS: '50', IDLE_TIMEOUT_MS: String(IDLE_TIMEOUT_MS) },
  fillsSlots: true,
  newcomerWithinMs: IDLE_TIMEOUT_MS + 14_000,
  async prepare(stage) {
    const guests = await newAccounts(stage, GUESTS, 'guest');
    return async (_, signal) => {
      await Promise.all(guests.map((guest) => keepSession(stage, guest, signal, () => pause(KNOCK_MS))));
    };
  },
};

export const strangers: KnownAttack = {
  name: 'strangers',
  summary: `${GUESTS} guests who chat, one who floods, and ${CONNECTIONS} connections from one address, at the same time`,
  settings: { ALLOW_GUESTS: 'true', MAX_CLIENTS: '50', RESERVED_FOR_ACCOUNTS: '15' },
  newcomerWithinMs: 5_000,
  async prepare(stage) {
    const guests = await newAccounts(stage, GUESTS, 'guest');
    const [flooder] = await newAccounts(stage, 1, 'guest', FLOODER_ADDRESS);
    if (!flooder) throw new Error('there is no flooder');
    const chat = async (session: AttackSocket) => {
      await session.write(messageFrame('lobby'), WRITE_DEADLINE_MS);
      stage.count('messages of guests');
      await pause(CHAT_MS);
    };
    return async (_, signal) => {
      const flood = floodSession(stage, flooder, 'messages of the flooder', () => messageFrame('lobby'), signal);
      await pause(FLOODER_FIRST_MS);
      await Promise.all([
        flood,
        ...guests.map((guest) => keepSession(stage, guest, signal, chat)),
        ...Array.from({ length: CONNECTIONS }, () => keepConnection(stage, signal)),
      ]);
    };
  },
};

/** Says hello, then acts again and again while the session is open. Knocks once a second while it is not. */
async function keepSession(
  stage: Stage,
  { address, token }: AttackerAccount,
  signal: AbortSignal,
  act: (session: AttackSocket) => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    const session = await openSession(stage.from(address), token);
    if (typeof session === 'string') {
      stage.count(`sessions refused: ${reasonOf(session)}`);
      await pause(KNOCK_MS);
      continue;
    }
    stage.count('sessions');
    await request(session, 'session:hello', { timezone: 'UTC' });
    while (session.isOpen && !signal.aborted) await act(session);
    session.close();
  }
}

/** Keeps a connection open that asks for a session without a token. */
async function keepConnection(stage: Stage, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const socket = await openSocket(stage.from(CONNECTIONS_ADDRESS));
    stage.count(socket ? 'connections' : 'connections refused');
    await socket?.write(textFrame('40'), WRITE_DEADLINE_MS);
    while (socket?.isOpen && !signal.aborted) await pause(KNOCK_MS);
    socket?.close();
    await pause(KNOCK_MS);
  }
}
