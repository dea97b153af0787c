import { afterEach, expect, test } from '@jest/globals';
import { eventually, newBrowser, type TestPage } from '@parley/testing';
import { newCluster } from '../cluster/new-cluster.ts';
import {
  composer,
  joinAsGuest,
  message,
  openConversation,
  sendText,
  serverOf,
  startDirect,
  waitForMessage,
} from './chat-page.ts';

const cluster = await newCluster({ NODES: 2 });
const browser = await newBrowser();

afterEach(() => browser.closePages());

/** Joins users until one is on a server other than this one. */
const joinElsewhere = (node: string, name: (attempt: number) => string): Promise<TestPage & { name: string }> => {
  let attempts = 0;
  return eventually(async () => {
    attempts += 1;
    const person = await joinAsGuest(browser, cluster.url, name(attempts));
    const isElsewhere = (await serverOf(person.page)) !== node;
    if (!isElsewhere) await person.page.context().close();
    expect(isElsewhere).toBe(true);
    return { ...person, name: name(attempts) };
  }, 120_000);
};

/** Whether the browser reported an error because of a broken connection. */
const isNetworkError = (error: string) => /WebSocket|net::ERR_|\b50[23]\b/.test(error);

/** Records the banner about a draining server, which may disappear before the test checks it. */
const RECORD_DRAINING = `
  window.hasShownDraining = false;
  new MutationObserver(() => {
    if (document.body.textContent.includes('This server is shutting down')) window.hasShownDraining = true;
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
`;

test('the page shows a banner while messages cannot be stored', async () => {
  const ada = await joinAsGuest(browser, cluster.url, 'Ada Patient');
  await composer(ada.page).waitFor();
  const unlock = cluster.lockStore();
  try {
    await sendText(ada.page, 'Accepted, not stored');
    await ada.page.getByText(/Messages are delayed/).waitFor();
    await message(ada.page, 'Accepted, not stored')
      .getByTitle(/^Accepted/)
      .waitFor();
  } finally {
    unlock();
  }
  await message(ada.page, 'Accepted, not stored')
    .getByTitle(/^Stored/)
    .waitFor();
  await ada.page.getByText(/Messages are delayed/).waitFor({ state: 'detached' });
  expect(ada.errors).toEqual([]);
});

test('after the server is killed, typed text stays, and sent messages arrive once and in order', async () => {
  const ada = await joinAsGuest(browser, cluster.url, 'Ada Steadfast');
  const node = await serverOf(ada.page);
  const bo = await joinElsewhere(node, (attempt) => `Bo Bystander ${attempt}`);
  await startDirect(ada.page, bo.name);
  await sendText(ada.page, 'Before it');
  await openConversation(bo.page, 'Ada Steadfast');
  await waitForMessage(bo.page, 'Before it');

  await composer(ada.page).pressSequentially('Half a ');
  cluster.kill(node, 'SIGKILL');
  await composer(ada.page).pressSequentially('sentence');
  expect(await composer(ada.page).inputValue()).toBe('Half a sentence');
  await composer(ada.page).press('Enter');
  await sendText(ada.page, 'And another one');
  await waitForMessage(bo.page, 'And another one');
  await message(ada.page, 'And another one').getByTitle('Read', { exact: true }).waitFor();
  await sendText(bo.page, 'All here');
  await waitForMessage(ada.page, 'All here');
  const order = ['Before it', 'Half a sentence', 'And another one', 'All here'];
  for (const page of [ada.page, bo.page]) {
    // The list is empty for a moment while it measures its rows.
    const shown = await eventually(async () => {
      const texts = await page.getByRole('article').allInnerTexts();
      const lines = texts.flatMap((text) => text.split('\n')).filter((line) => order.includes(line));
      expect(lines).toEqual(expect.arrayContaining(order));
      return lines;
    });
    expect(shown).toEqual(order);
  }
  expect([...ada.errors, ...bo.errors].filter((error) => !isNetworkError(error))).toEqual([]);
});

test('a stopping server shows a banner, and the client moves to another server', async () => {
  const ada = await joinAsGuest(browser, cluster.url, 'Ada Moved');
  const node = await serverOf(ada.page);
  await ada.page.evaluate(RECORD_DRAINING);
  cluster.kill(node, 'SIGTERM');
  await eventually(async () => expect(await ada.page.evaluate('window.hasShownDraining')).toBe(true));
  await eventually(async () => expect(await serverOf(ada.page)).not.toBe(node));
  await ada.page.getByText('This server is shutting down').waitFor({ state: 'detached' });
  await sendText(ada.page, 'Still here');
  await waitForMessage(ada.page, 'Still here');
  expect(ada.errors).toEqual([]);
});
