import { afterEach, expect, test } from '@jest/globals';
import {
  callRest,
  connectPeer,
  eventually,
  newBrowser,
  newConversation,
  newGuest,
  type Page,
  type TestPage,
} from '@parley/testing';
import { sharedCluster } from '../cluster/shared-cluster.ts';
import {
  chooseAction,
  composer,
  findBy,
  joinAsGuest,
  message,
  openConversation,
  pickUser,
  pressUntil,
  sendText,
  startDirect,
  waitForMessage,
} from './chat-page.ts';

/** More than a page keeps in memory, which is 1,000. */
const LIVE_MESSAGES = 1_100;

const cluster = await sharedCluster();
const browser = await newBrowser();

afterEach(() => browser.closePages());

async function openDirectConversation(first: string, second: string) {
  const ada = await joinAsGuest(browser, cluster.url, first);
  const bo = await joinAsGuest(browser, cluster.url, second, { width: 420, height: 760 });
  await composer(bo.page).waitFor();
  await startDirect(ada.page, second);
  await bo.page.getByRole('button', { name: 'Back to conversations' }).click();
  await openConversation(bo.page, first);
  return { ada, bo };
}

async function isInView(page: Page, text: string): Promise<boolean> {
  const box = await message(page, text).first().boundingBox();
  return box !== null && box.y >= 0 && box.y + box.height <= (page.viewportSize()?.height ?? 0);
}

const writes = (page: Page, text: string) =>
  eventually(async () => expect(await composer(page).inputValue()).toBe(text));

/** Searches with the keyboard only, and waits until the message is in view. */
async function jumpToHit(page: Page, query: string, text: string): Promise<void> {
  const box = page.getByRole('textbox', { name: 'Search' });
  const hits = page.getByRole('region', { name: 'Search results' }).getByRole('button').filter({ hasText: text });
  // One input event, which starts one search.
  const type = async (typed: string) => {
    await page.keyboard.press('Control+k');
    await eventually(async () => expect(await box.evaluate((field) => field.matches(':focus'))).toBe(true));
    await page.keyboard.insertText(typed);
  };
  await findBy(query, type, hits);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await eventually(async () => expect(await isInView(page, text)).toBe(true));
}

test('typing, replies, reactions, edits, deletions and receipts reach the other user', async () => {
  const { ada, bo } = await openDirectConversation('Ada Typist', 'Bo Reader');

  await eventually(async () => {
    await composer(ada.page).press('x');
    expect(await bo.page.getByText('Ada Typist is typing…').count()).toBe(1);
  });
  await sendText(ada.page, 'The first one');
  await waitForMessage(bo.page, 'The first one');
  await message(ada.page, 'The first one').getByTitle('Read', { exact: true }).waitFor();

  await chooseAction(bo.page, 'The first one', 'Reply');
  await sendText(bo.page, 'An answer to it');
  await message(ada.page, 'An answer to it').getByRole('button', { name: 'Reply to Ada Typist' }).waitFor();

  await chooseAction(ada.page, 'An answer to it', 'React: thumbs up');
  const reaction = message(bo.page, 'An answer to it').getByRole('button', { name: /^👍/ });
  await reaction.and(bo.page.getByLabel('👍 1: Ada Typist')).click();
  await bo.page.getByLabel('👍 2: Ada Typist, you').waitFor();
  expect(await reaction.getAttribute('aria-pressed')).toBe('true');
  await reaction.click();
  await ada.page.getByLabel('👍 1: you').waitFor();

  await composer(ada.page).press('ArrowUp');
  await writes(ada.page, 'The first one');
  await composer(ada.page).press('Escape');
  await writes(ada.page, '');
  await composer(ada.page).press('ArrowUp');
  await composer(ada.page).fill('The first one, corrected');
  await composer(ada.page).press('Enter');
  await message(bo.page, 'The first one, corrected').getByText('edited').waitFor();

  await chooseAction(ada.page, 'The first one, corrected', 'Delete…');
  const confirm = ada.page.getByRole('dialog').getByRole('button', { name: 'Delete' });
  await pressUntil(ada.page, () => confirm.click(), ada.page.getByRole('dialog'), 'gone');
  await message(bo.page, 'Message deleted').first().waitFor();
  await message(bo.page, 'The first one').waitFor({ state: 'detached' });
  expect([...ada.errors, ...bo.errors]).toEqual([]);
});

test('missed messages are counted across a reload and start with a divider', async () => {
  const { ada, bo } = await openDirectConversation('Ada Writer', 'Bo Absent');
  await sendText(ada.page, 'Read at once');
  await waitForMessage(bo.page, 'Read at once');
  await message(ada.page, 'Read at once').getByTitle('Read', { exact: true }).waitFor();
  await bo.page.getByRole('button', { name: 'Back to conversations' }).click();
  for (const text of ['Missed one', 'Missed two', 'Missed three']) await sendText(ada.page, text);
  const entry = bo.page.getByRole('button', { name: /^Ada Writer.*3 unread/ });
  await entry.waitFor();
  await bo.page.reload();
  await bo.page.getByRole('button', { name: 'Back to conversations' }).click();
  await entry.click();
  await bo.page.getByText('New messages', { exact: true }).waitFor();
  await waitForMessage(bo.page, 'Missed three');
  await message(ada.page, 'Missed three').getByTitle('Read', { exact: true }).waitFor();
  await bo.page.getByRole('button', { name: 'Back to conversations' }).click();
  await entry.waitFor({ state: 'detached' });
  expect([...ada.errors, ...bo.errors]).toEqual([]);
});

test('a draft survives a reload; a search result far back is scrolled into view', async () => {
  const { ada, bo } = await openDirectConversation('Ada Archivist', 'Bo Seeker');
  await sendText(ada.page, 'A needle in the haystack');
  for (let index = 1; index <= 80; index += 1) await sendText(ada.page, `Straw ${index}`);
  await waitForMessage(bo.page, 'Straw 80');

  await composer(ada.page).fill('Not finished yet');
  await ada.page.reload();
  await openConversation(ada.page, 'Bo Seeker');
  await writes(ada.page, 'Not finished yet');
  await composer(ada.page).fill('');

  await jumpToHit(ada.page, 'hay need', 'A needle in the haystack');
  await ada.page.getByRole('button', { name: 'Jump to newest' }).click();
  await eventually(async () => expect(await isInView(ada.page, 'Straw 80')).toBe(true));
  // From another conversation to one that is completely loaded.
  await openConversation(ada.page, 'Lobby');
  await jumpToHit(ada.page, 'needle', 'A needle in the haystack');
  expect([...ada.errors, ...bo.errors]).toEqual([]);
});

/** Takes one to two minutes, so CI leaves it out; packages/client/tests/bounded-memory.test.ts shows the same without a page. */
const longTest = process.env.CI === 'true' ? test.skip : test;

longTest('a page stays at the newest of very many live messages, and scrolls back to those it dropped', async () => {
  const ada = await joinAsGuest(browser, cluster.url, 'Ada Follower');
  await composer(ada.page).waitFor();
  const busy = await newGuest(cluster.url, 'Bo Busy');
  const { token } = busy;
  const peer = await connectPeer(cluster.url, token);
  const found = await callRest<{ users: { id: string }[] }>(cluster.url, 'GET', '/api/users?query=Ada%20Follower', {
    token,
  });
  const memberIds = found.body.users.map(({ id }) => id).slice(0, 1);
  const conversationId = await newConversation(cluster.url, busy, { kind: 'direct', memberIds });
  await openConversation(ada.page, 'Bo Busy');
  let said = 0;
  const sayAll = async () => {
    while (said < LIVE_MESSAGES) {
      said += 1;
      expect(await peer.send(conversationId, `live-${said}`, `Live ${said}.`)).toMatchObject({ ok: true });
    }
  };
  await Promise.all(Array.from({ length: 20 }, sayAll));
  // A burst may arrive faster than the list can follow.
  const toNewest = ada.page.getByRole('button', { name: 'Jump to newest' });
  if (await toNewest.isVisible()) await toNewest.click();
  for (let round = 1; round <= 30; round += 1) {
    const send = (index: number) => peer.send(conversationId, `more-${round}-${index}`, `More ${round}.${index}`);
    for (let index = 1; index <= 5; index += 1) expect(await send(index)).toMatchObject({ ok: true });
    await waitForMessage(ada.page, `More ${round}.5`);
    await eventually(async () => expect(await isInView(ada.page, `More ${round}.5`)).toBe(true));
  }

  const first = ada.page.getByRole('article').getByText('Live 1.', { exact: true });
  const start = ada.page.getByText('This is the start of the conversation.');
  const history = ada.page.getByRole('region', { name: 'History' });
  await eventually(async () => {
    await history.hover();
    await ada.page.mouse.wheel(0, -20_000);
    expect([await first.count(), await start.count()]).toEqual([1, 1]);
  }, 120_000);
  expect(ada.errors).toEqual([]);
  peer.close();
});

test('a group can be created, renamed, extended and left', async () => {
  const ada = await joinAsGuest(browser, cluster.url, 'Ada Founder');
  const bo = await joinAsGuest(browser, cluster.url, 'Bo Member');
  const cy = await joinAsGuest(browser, cluster.url, 'Cy Invited');
  await composer(bo.page).waitFor();
  await composer(cy.page).waitFor();
  await ada.page.getByRole('button', { name: 'New group' }).click();
  const dialog = ada.page.getByRole('dialog');
  const press = (person: TestPage, button: string) => () =>
    person.page.getByRole('dialog').getByRole('button', { name: button, exact: true }).click();
  await dialog.getByLabel('Group name').fill('Readers');
  await pickUser(ada.page, 'Bo Member');
  await pressUntil(ada.page, press(ada, 'Create group'), ada.page.getByRole('heading', { name: 'Readers', level: 2 }));
  await openConversation(bo.page, 'Readers');

  await ada.page.getByRole('button', { name: 'Group details' }).click();
  await dialog.getByLabel('Group name').fill('Good readers');
  await pressUntil(ada.page, press(ada, 'Rename'), ada.page.getByRole('heading', { name: 'Good readers', level: 2 }));
  await bo.page.getByRole('heading', { name: 'Good readers', level: 2 }).waitFor();
  await dialog.getByRole('button', { name: 'Invite people' }).click();
  await pressUntil(ada.page, () => pickUser(ada.page, 'Cy Invited'), dialog.getByText('3 members'));
  await openConversation(cy.page, 'Good readers');

  await bo.page.getByRole('button', { name: 'Group details' }).click();
  await bo.page.getByRole('button', { name: 'Leave group…' }).click();
  await pressUntil(bo.page, press(bo, 'Leave'), dialog.getByText('2 members'));
  await dialog.getByRole('button', { name: 'Remove Cy Invited' }).click();
  await pressUntil(ada.page, press(ada, 'Remove'), dialog.getByText('1 member', { exact: true }));
  await cy.page.getByRole('button', { name: /^Good readers/ }).waitFor({ state: 'detached' });
  expect([...ada.errors, ...bo.errors, ...cy.errors]).toEqual([]);
});

test('without a network the header of a group does not say who is online', async () => {
  const ada = await joinAsGuest(browser, cluster.url, 'Ada Counter');
  const bo = await joinAsGuest(browser, cluster.url, 'Bo Counted');
  await composer(bo.page).waitFor();
  await ada.page.getByRole('button', { name: 'New group' }).click();
  const dialog = ada.page.getByRole('dialog');
  await dialog.getByLabel('Group name').fill('Counted');
  await pickUser(ada.page, 'Bo Counted');
  const create = () => dialog.getByRole('button', { name: 'Create group', exact: true }).click();
  await pressUntil(ada.page, create, ada.page.getByRole('heading', { name: 'Counted', level: 2 }));
  await ada.page.getByText('2 members, 2 online').waitFor();
  await ada.page.context().setOffline(true);
  await ada.page.getByText('2 members', { exact: true }).waitFor();
  await ada.page.context().setOffline(false);
  await ada.page.getByText('2 members, 2 online').waitFor();
});

test('without a network the page shows a banner, keeps messages, and sends them later', async () => {
  const { ada, bo } = await openDirectConversation('Ada Traveller', 'Bo Home');
  await ada.page.context().setOffline(true);
  await ada.page.getByText('You are offline.').waitFor();
  await sendText(ada.page, 'Written in a tunnel');
  await waitForMessage(ada.page, 'Written in a tunnel');
  await ada.page.context().setOffline(false);
  await ada.page.getByText('You are offline.').waitFor({ state: 'detached' });
  await waitForMessage(bo.page, 'Written in a tunnel');
  const others = ada.errors.filter((error) => !error.includes('ERR_INTERNET_DISCONNECTED'));
  expect([...others, ...bo.errors]).toEqual([]);
});
