import { afterEach, expect, jest, test } from '@jest/globals';
import { atFileEnd, eventually, newGuests, type TestUser } from '@parley/testing';
import { newChatServer } from './new-chat-server.ts';

/** Long enough that no renewal happens by chance during a test. */
const SESSION_TTL_MS = 60_000;
const server = await newChatServer({ SESSION_TTL_MS });

afterEach(() => {
  jest.restoreAllMocks();
});

/** Makes it look as if the machine had slept: the wall clock is ahead, the monotonic clock has stood still. */
function wakeUpAfter(sleptMs: number): void {
  const now = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + sleptMs);
}

/** A client without the clock of Socket.IO's, which would take the sleep for a lost connection. */
class RawClient {
  readonly packets: string[] = [];
  readonly #webSocket: WebSocket;
  #lastId = 0;

  private constructor(webSocket: WebSocket) {
    this.#webSocket = webSocket;
    webSocket.onmessage = ({ data }) => {
      if (data === '2') webSocket.send('3');
      else this.packets.push(String(data));
    };
    atFileEnd(() => webSocket.close());
  }

  static async connect({ token }: TestUser): Promise<RawClient> {
    const client = new RawClient(
      new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`),
    );
    await client.#next(/^0/);
    client.#webSocket.send(`40${JSON.stringify({ token })}`);
    await client.#next(/^40/);
    return client;
  }

  /** Sends a message once. @returns its ack, or '' when the connection closed before it */
  async send(clientMessageId: string): Promise<string> {
    this.#lastId += 1;
    const payload = { conversationId: 'lobby', clientMessageId, kind: 'text', text: 'hello' };
    this.#webSocket.send(`42${this.#lastId}${JSON.stringify(['message:send', payload])}`);
    return this.#next(new RegExp(`^43${this.#lastId}`));
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === WebSocket.OPEN;
  }

  #next(packet: RegExp): Promise<string> {
    return eventually(() => {
      const found = this.packets.find((text) => packet.test(text));
      if (found === undefined && this.isOpen) throw new Error(`no packet ${packet}`);
      if (found === undefined && this.#webSocket.readyState === WebSocket.CONNECTING) throw new Error('not open yet');
      return found ?? '';
    });
  }
}

test('after a suspension longer than the TTL, a server handles events only of sessions that still have their slot', async () => {
  const [taken, kept] = (await newGuests(server.url, 2)) as [TestUser, TestUser];
  const [lost, stays] = [await RawClient.connect(taken), await RawClient.connect(kept)];
  for (const client of [lost, stays]) {
    await eventually(async () => expect(await client.send('before')).toContain('"ok":true'));
  }
  // During the suspension the slot expired, and another user got it.
  await server.redis.client.hdel('parley:{sessions}:holders', taken.id);
  await server.redis.client.zrem('parley:{sessions}:live', taken.id);
  wakeUpAfter(SESSION_TTL_MS * 2);
  expect(await lost.send('late')).not.toContain('"ok":true');
  await eventually(() => expect(lost.packets.at(-1)).toMatch(/session:expired.*"LOST"/));
  await eventually(async () => expect(await stays.send('after')).toContain('"ok":true'));
  expect(stays.packets.filter((packet) => packet.includes('session:'))).toEqual([]);
});

test('a wall clock that is set back has no effect', async () => {
  const [guest] = (await newGuests(server.url, 1)) as [TestUser];
  const client = await RawClient.connect(guest);
  wakeUpAfter(-SESSION_TTL_MS * 2);
  await eventually(async () => expect(await client.send('back')).toContain('"ok":true'));
  expect(client.packets.filter((packet) => packet.includes('UNAVAILABLE'))).toEqual([]);
});
