import { expect, test } from '@jest/globals';
import { type ChatPeer, connectPeer, eventually, newBrowser, newGuests } from '@parley/testing';
import { newCluster } from '../cluster/new-cluster.ts';
import { joinAsGuest, waitForMessage } from './chat-page.ts';

const SLOTS = 50;
const MESSAGES = 10_000;
/** More than the visible rows and the buffer around them, and far less than the loaded messages. */
const MAX_ROWS_IN_PAGE = 200;

const cluster = await newCluster({ NODES: 2, MAX_CLIENTS: SLOTS });
const browser = await newBrowser();

/**
 * All peers send messages in parallel, after the first message is accepted. If the machine stalls, a peer may lose its connection
 * and with it its slot. The others then send its share.
 */
async function fillLobby(peers: readonly ChatPeer[]): Promise<void> {
  let said = 1;
  let accepted = 1;
  expect(await peers[0]?.send('lobby', 'filler-1', 'This is 1.')).toMatchObject({ ok: true });
  await Promise.all(
    peers.map(async (peer) => {
      while (accepted < MESSAGES) {
        said += 1;
        const reply = await peer.send('lobby', `filler-${said}`, `This is ${said}.`);
        if (reply.ok) accepted += 1;
        else expect(reply.retryAfterMs).toBeDefined();
      }
    }),
  );
}

test('the 51st user waits in the queue, is admitted, and scrolls through 10,000 messages', async () => {
  const guests = await newGuests(cluster.url, SLOTS);
  const peers = await Promise.all(
    guests.map(({ token }, index) =>
      connectPeer(cluster.url, token, { auth: { deviceId: `peer-${index}` }, reconnects: true }),
    ),
  );
  const { page, errors } = await joinAsGuest(browser, cluster.url, 'The Fifty-First');
  await page.getByText(/number 1 in the queue/i).waitFor();
  await fillLobby(peers);
  peers[0]?.close();
  const history = page.getByRole('region', { name: 'History' });
  await history.waitFor();

  let mostRows = 0;
  await eventually(async () => {
    await history.hover();
    await page.mouse.wheel(0, -20_000);
    mostRows = Math.max(mostRows, await page.getByRole('article').count());
    expect(await page.getByRole('article').getByText('This is 1.', { exact: true }).count()).toBe(1);
  }, 300_000);
  await page.getByText('This is the start of the conversation.').waitFor();
  expect(mostRows).toBeLessThan(MAX_ROWS_IN_PAGE);

  await page.getByRole('button', { name: 'Jump to newest' }).click();
  expect(await peers[1]?.send('lobby', 'the-last-word', 'The last word')).toMatchObject({ ok: true });
  await waitForMessage(page, 'The last word');
  expect(errors).toEqual([]);
  for (const peer of peers) peer.close();
});
