// Attacks of clients with a session.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { KnownAttack, Stage } from '../known-attack.ts';
import { type AttackerAccount, newAccount, newGroup, writeHistory } from './accounts.ts';
import { openPolling } from './before-admission.ts';
import { repeat } from './http-client.ts';
import { eventPacket, flood, openSession, reasonOf, request, textFrame } from './socket-client.ts';

const HELLO = eventPacket('session:hello', { timezone: 'UTC' });
/** A server must accept as many packets in one POST. More of them only end the session. */
const HELLOS_PER_POST = 1_000;
const MAX_HELLOS = 1_200_000;
const MAX_EVENTS = 500_000;
const RETRY_MS = 100;

const SINCE_AT_ONCE = 32;
const SINCE_CONVERSATIONS = 5;
const PAGE_MESSAGES = 200;
const MAX_CALLS = 100_000;
/** The longest text: 4,000 characters of three bytes. */
const LONG_TEXT = '界'.repeat(4_000);

export const pollingHello: KnownAttack = {
  name: 'polling-hello',
  summary: 'a polling client posts session:hello without asking for an ack',
  async prepare(stage) {
    const account = await newAccount(stage);
    return async (_, signal) => {
      for (let left = MAX_HELLOS; left > 0 && !signal.aborted; ) {
        left -= await postHellos(stage, account, left, signal);
        await pause(RETRY_MS);
      }
    };
  },
};

/** Posts until the session ends, and polls beside it. @returns how many hellos the cluster took */
async function postHellos(
  stage: Stage,
  { http, token }: AttackerAccount,
  max: number,
  signal: AbortSignal,
): Promise<number> {
  const address = await openPolling(http);
  if (!address) {
    stage.count('handshakes refused');
    return 0;
  }
  await http.call('POST', address, { payload: `40${JSON.stringify({ token, takeover: true })}` });
  stage.count('sessions');
  let isOpen = true;
  const poll = async () => {
    while (isOpen) isOpen = (await http.call('GET', address)).status === 200;
  };
  void poll();
  const payload = Array(HELLOS_PER_POST).fill(HELLO).join('\x1e');
  let taken = 0;
  while (isOpen && taken < max && !signal.aborted) {
    const { status } = await http.call('POST', address, { payload });
    stage.count(`posts of ${HELLOS_PER_POST} session:hello answered with ${status}`);
    if (status !== 200) isOpen = false;
    else taken += HELLOS_PER_POST;
  }
  isOpen = false;
  return taken;
}

export const since: KnownAttack = {
  name: 'since',
  summary: `messages:since, ${SINCE_AT_ONCE} at once, ${SINCE_CONVERSATIONS} times the same conversation in a call`,
  hasHistory: true,
  async prepare(stage) {
    const account = await newAccount(stage);
    const conversations: string[] = [];
    for (let index = 0; index < SINCE_CONVERSATIONS; index += 1) {
      const conversationId = await newGroup(account);
      await writeHistory(stage, account, conversationId, Array(PAGE_MESSAGES).fill(LONG_TEXT));
      conversations.push(conversationId);
    }
    const callWith = (ids: readonly string[]) => ({
      cursors: ids.map((conversationId) => ({ conversationId, afterSeq: 0 })),
      limit: PAGE_MESSAGES,
    });
    return async (_, signal) => {
      let call = callWith(conversations.map(() => conversations[0] ?? ''));
      while (!signal.aborted) {
        const session = await openSession(stage.from(account.address), account.token);
        if (typeof session === 'string') {
          stage.count(`sessions refused: ${reasonOf(session)}`);
          await pause(RETRY_MS);
          continue;
        }
        stage.count('sessions');
        const limits = { parallel: SINCE_AT_ONCE, max: MAX_CALLS, signal, while: () => session.isOpen };
        await repeat(limits, async () => {
          const ack = await request(session, 'messages:since', call);
          const code = /"code":"(\w+)"/.exec(ack?.slice(0, 300) ?? '')?.[1];
          stage.count(`calls answered with ${ack ? (code ?? 'messages') : 'nothing'}`);
          // A conversation named twice is refused: five different ones are the next best.
          if (code === 'INVALID_PAYLOAD') call = callWith(conversations);
        });
        session.close();
      }
    };
  },
};

export const typing: KnownAttack = {
  name: 'typing',
  summary: 'typing in the lobby, as fast as the connection takes it',
  async prepare(stage) {
    const account = await newAccount(stage);
    const frame = textFrame(eventPacket('typing', { conversationId: 'lobby', isTyping: true }));
    return (_, signal) => floodSession(stage, account, 'typing events', () => frame, signal);
  },
};

export const sender: KnownAttack = {
  name: 'sender',
  summary: 'messages of one sender to its own group, as fast as the connection takes them',
  async prepare(stage) {
    const account = await newAccount(stage);
    const conversationId = await newGroup(account);
    return (_, signal) => floodSession(stage, account, 'messages', () => messageFrame(conversationId), signal);
  },
};

export const messageFrame = (conversationId: string): Buffer =>
  textFrame(
    eventPacket('message:send', {
      ...{ conversationId, clientMessageId: randomUUID(), kind: 'text' },
      text: 'A message of ordinary length, which everybody has read a hundred times before this one came in',
    }),
  );

/** Floods a session, and opens a new one when it ends. */
export function floodSession(
  stage: Stage,
  { address, token }: AttackerAccount,
  what: string,
  nextFrame: () => Buffer,
  signal: AbortSignal,
): Promise<void> {
  const open = async () => {
    const session = await openSession(stage.from(address), token);
    stage.count(typeof session === 'string' ? `sessions refused: ${reasonOf(session)}` : 'sessions');
    return session;
  };
  return flood(open, nextFrame, { max: MAX_EVENTS, signal, onSent: (frames) => stage.count(what, frames) });
}
