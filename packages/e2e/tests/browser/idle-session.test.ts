import { expect, test } from '@jest/globals';
import { connectPeer, eventually, newBrowser, newGuest } from '@parley/testing';
import { newCluster } from '../cluster/new-cluster.ts';
import { composer, joinAsGuest, sendText, waitForMessage } from './chat-page.ts';

/** Longer than a page needs to notice input. */
const IDLE_TIMEOUT_MS = 20_000;
const cluster = await newCluster({ NODES: 1, MAX_CLIENTS: 1, IDLE_TIMEOUT_MS });
const browser = await newBrowser();

test('warns an inactive user, keeps one who asks to stay, ends the session of one who does not, and offers to reconnect', async () => {
  const { page, errors } = await joinAsGuest(browser, cluster.url, 'Ada Idle');
  await composer(page).waitFor();
  const waiting = await newGuest(cluster.url, 'Bo Waiting');
  const admitted = eventually(() => connectPeer(cluster.url, waiting.token), 300_000, 500);

  const warning = page.getByText('others are waiting. You are inactive');
  await warning.waitFor();
  await page.getByRole('button', { name: 'Stay connected' }).press('Enter');
  await warning.waitFor({ state: 'hidden' });
  await sendText(page, 'I am here');
  await waitForMessage(page, 'I am here');

  await page.getByText('You were disconnected because you were inactive').waitFor();
  await page.getByText('Disconnected', { exact: true }).waitFor();
  const peer = await admitted;
  // Loaded messages stay readable.
  await waitForMessage(page, 'I am here');
  await page.getByRole('button', { name: 'Reconnect' }).click();
  await page.getByText(/number 1 in the queue/i).waitFor();
  peer.close();
  await composer(page).waitFor();
  await waitForMessage(page, 'I am here');
  expect(errors).toEqual([]);
});
