import { expect, test } from '@jest/globals';
import { newBrowser } from '@parley/testing';
import { newCluster } from '../cluster/new-cluster.ts';
import { composer, joinAsGuest } from './chat-page.ts';

const HANDSHAKES = 3;

const cluster = await newCluster({ NODES: 1, SIGNUPS_PER_MINUTE: 1, HANDSHAKES_PER_MINUTE: HANDSHAKES });
const browser = await newBrowser();

test('the page says that a limit is reached and when to try again, and does not try before', async () => {
  const { page: first } = await joinAsGuest(browser, cluster.url, 'Ada');
  await composer(first).waitFor();

  const { page: second } = await browser.newPage();
  await second.goto(cluster.url);
  await second.getByLabel('Display name').fill('Bo');
  await second.getByRole('button', { name: 'Join as guest' }).click();
  await second.getByText('Too many accounts were created from your network.').waitFor();
  const wait = second.getByRole('button', { name: /^Wait \d+ s$/ });
  await wait.waitFor();
  expect(await wait.isDisabled()).toBe(true);

  // Each load connects. The last one is one too many.
  for (let load = 1; load <= HANDSHAKES; load += 1) {
    if (load > 1) await composer(first).waitFor();
    await first.reload();
  }
  await first.getByText(/Too many connections from your network\. .* Retrying in \d+ s\./).waitFor();
  expect(await first.getByRole('button', { name: 'Retry now' }).count()).toBe(0);
});
