import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually, newBrowser, type Page } from '@parley/testing';
import { ProtocolServer } from '../protocol-server.ts';

const browser = await newBrowser();
const server = await ProtocolServer.start();

beforeEach(() => server.reset());
afterEach(() => browser.closePages());

async function newPage(): Promise<Page> {
  const { page } = await browser.newPage();
  await page.goto(server.url);
  return page;
}

/** Runs statements in the page, with the library as `parley`, and returns their value. */
const run = <T>(page: Page, script: string): Promise<T> =>
  page.evaluate(`(async () => { const parley = await import('/src/index.ts'); ${script} })()`) as Promise<T>;

const startChat = (page: Page, enter: string) =>
  run(page, `globalThis.chat = new parley.ChatClient(); globalThis.parley = parley; await chat.${enter};`);
const isOnline = (page: Page) => page.waitForFunction(`chat.getSnapshot().connection.phase === 'online'`);
const kept = (page: Page) =>
  run<string[]>(page, `return (await parley.defaultOutboxStorage().load('u-me')).map(({ text }) => text)`);

describe('the outbox storage in a browser', () => {
  const OPEN = `const storage = parley.defaultOutboxStorage();
    const message = (clientMessageId, text) => ({ clientMessageId, text, conversationId: 'lobby' });
    const load = async (userId) => (await storage.load(userId)).map(({ text }) => text).sort();`;

  test('keeps messages per user across a reload, replaces and deletes them', async () => {
    const page = await newPage();
    await run(
      page,
      `${OPEN}
      await storage.put('u-1', message('a', 'one'));
      await storage.put('u-1', message('b', 'two'));
      await storage.put('u-1', message('b', 'two, changed'));
      await storage.put('u-1', message('c', 'three'));
      await storage.put('u-10', message('a', 'of another user'));
      await storage.delete('u-1', 'c');
      await storage.delete('u-1', 'never there');`,
    );
    await page.reload();
    const loaded = await run(page, `${OPEN} return [await load('u-1'), await load('u-10'), await load('u-2')]`);
    expect(loaded).toEqual([['one', 'two, changed'], ['of another user'], []]);
  });

  test('uses memory if the browser denies storage', async () => {
    const page = await newPage();
    const loaded = await run(
      page,
      `IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); };
      ${OPEN}
      await storage.put('u-1', message('a', 'one'));
      return load('u-1');`,
    );
    expect(loaded).toEqual(['one']);
  });
});

describe('a message that never reached the server', () => {
  async function newPageWithMessage(): Promise<Page> {
    const page = await newPage();
    server.judge = () => 'lost';
    await startChat(page, `joinAsGuest('Me')`);
    await isOnline(page);
    await page.evaluate(`void chat.send(parley.LOBBY_ID, 'mine')`);
    await eventually(() => expect(server.sends.length).toBeGreaterThanOrEqual(1));
    expect(await kept(page)).toEqual(['mine']);
    server.judge = () => undefined;
    return page;
  }

  test('is sent once after a reload, and kept until it is stored', async () => {
    const page = await newPageWithMessage();
    await page.reload();
    await startChat(page, 'resume()');
    await eventually(() => expect(server.messages.map(({ text }) => text)).toEqual(['mine']));
    expect(new Set(server.sends.map(({ clientMessageId }) => clientMessageId)).size).toBe(1);
    expect(await kept(page)).toEqual(['mine']);
    server.store();
    await eventually(async () => expect(await kept(page)).toEqual([]));
  });

  test('is sent once by the tab that takes over', async () => {
    const first = await newPageWithMessage();
    const second = await first.context().newPage();
    await second.goto(server.url);
    await startChat(second, 'resume()');
    await eventually(() => expect(server.messages.map(({ text }) => text)).toEqual(['mine']));
    await first.waitForFunction(`chat.getSnapshot().connection.phase === 'replaced'`);
    await first.evaluate('chat.takeOver()');
    await isOnline(first);
    server.store();
    await eventually(async () => expect(await kept(first)).toEqual([]));
    expect(server.messages.length).toBe(1);
  });
});
