import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import {
  type ChatPeer,
  callRest,
  connectPeer,
  eventually,
  newConversation,
  newGuests,
  type TestUser,
} from '@parley/testing';
import { newCluster } from './new-cluster.ts';

const cluster = await newCluster({ NODES: 2 });

const open: ChatPeer[] = [];
afterEach(() => {
  for (const peer of open.splice(0)) peer.close();
});

interface Group {
  readonly id: string;
  readonly bo: TestUser;
  readonly adaPeer: ChatPeer;
  readonly boPeer: ChatPeer;
}

/** Ada, who created it, and Bo, on different servers. */
async function group(): Promise<Group> {
  const [ada, bo] = (await newGuests(cluster.url, 2)) as [TestUser, TestUser];
  const id = await newConversation(cluster.url, ada, { kind: 'group', title: 'Tea', memberIds: [bo.id] });
  const adaPeer = await connectPeer(cluster.url, ada.token);
  open.push(adaPeer);
  const boPeer = await eventually(async () => {
    const peer = await connectPeer(cluster.url, bo.token);
    open.push(peer);
    if (peer.node !== adaPeer.node) return peer;
    peer.close();
    throw new Error('on the same server');
  });
  return { id, bo, adaPeer, boPeer };
}

async function withFrozenWorker<T>(work: () => Promise<T>): Promise<T> {
  cluster.kill('message-worker-1', 'SIGSTOP');
  try {
    return await work();
  } finally {
    cluster.kill('message-worker-1', 'SIGCONT');
  }
}

async function change(peer: ChatPeer, event: string, payload: Record<string, unknown>) {
  const reply = await peer.emit(event, { clientMessageId: randomUUID(), ...payload });
  if (!reply.ok) throw new Error(reply.code);
  return reply.message as { id: string; seq: number };
}

const say = (peer: ChatPeer, conversationId: string, text: string) =>
  change(peer, 'message:send', { conversationId, kind: 'text', text });

async function textsOf({ id, bo }: Group, query: string): Promise<(string | undefined)[]> {
  const path = `/api/conversations/${id}/messages${query}`;
  const page = await callRest<{ messages: { text?: string }[] }>(cluster.url, 'GET', path, { token: bo.token });
  return page.body.messages.map(({ text }) => text);
}

/** What may not be done to a message that is deleted. */
async function expectNothingMayBeDone(
  { id: conversationId, adaPeer, boPeer }: Group,
  messageId: string,
): Promise<void> {
  const about = { conversationId, messageId };
  for (const [peer, event, payload] of [
    [adaPeer, 'message:edit', { ...about, text: 'again' }],
    [boPeer, 'message:react', { ...about, emoji: '👍' }],
    [boPeer, 'message:send', { conversationId, kind: 'text', text: 'to this', replyTo: messageId }],
  ] as const) {
    const { code } = (await peer.emit(event, { clientMessageId: randomUUID(), ...payload })) as { code?: string };
    expect({ event, code }).toEqual({ event, code: 'NOT_FOUND' });
  }
  await change(adaPeer, 'message:delete', about);
}

test.each(['not stored yet', 'stored'] as const)(
  'a deletion counts from its ack on: of a message that is %s',
  async (when) => {
    const tea = await group();
    const { id, adaPeer } = tea;
    const saySecret = () => say(adaPeer, id, 'a secret');
    const secret = when === 'stored' ? await saySecret() : undefined;
    if (secret) await eventually(() => expect(adaPeer.stored.get(id)).toBe(secret.seq));
    await withFrozenWorker(async () => {
      const { id: messageId, seq } = secret ?? (await saySecret());
      const about = { conversationId: id, messageId };
      await change(adaPeer, 'message:edit', { ...about, text: 'another secret' });
      await say(adaPeer, id, 'nothing');
      await change(adaPeer, 'message:delete', about);
      await expectNothingMayBeDone(tea, messageId);
      expect(await textsOf(tea, '')).toEqual([undefined, undefined, 'nothing', undefined, undefined]);
      expect(await textsOf(tea, `?after=${seq - 1}&limit=1`)).toEqual([undefined]);
      expect(await textsOf(tea, `?after=${seq - 1}&limit=3`)).toEqual([undefined, undefined, 'nothing']);
      expect(await textsOf(tea, `?before=${seq + 2}`)).toEqual([undefined, undefined]);
      const since = { cursors: [{ conversationId: id, afterSeq: seq - 1 }], limit: 1 };
      expect(JSON.stringify(await tea.boPeer.emit('messages:since', since))).not.toContain('secret');
    });
    await eventually(() => expect(adaPeer.stored.get(id)).toBe(5));
    expect(await textsOf(tea, '?after=0&limit=3')).toEqual([undefined, undefined, 'nothing']);
    const { id: last } = await say(adaPeer, id, 'the next one');
    await change(adaPeer, 'message:delete', { conversationId: id, messageId: last });
    await expectNothingMayBeDone(tea, last);
  },
);
