import { afterEach, expect, test } from '@jest/globals';
import { accessibilityViolations, eventually, newBrowser, type Page } from '@parley/testing';
import { newCluster } from '../cluster/new-cluster.ts';
import {
  chooseAction,
  composer,
  enterAsGuest,
  findBy,
  joinAsGuest,
  message,
  openMenu,
  pickUser,
  pressUntil,
  sendText,
  startDirect,
  waitForMessage,
} from './chat-page.ts';

const cluster = await newCluster({ NODES: 1, MAX_CLIENTS: 2 });
const browser = await newBrowser();

const ALL_LOOKS = [
  { name: 'light on a desk', colorScheme: 'light', width: 1_100, height: 760 },
  { name: 'dark on a desk', colorScheme: 'dark', width: 1_100, height: 760 },
  { name: 'light on a phone', colorScheme: 'light', width: 390, height: 760 },
  { name: 'dark on a phone', colorScheme: 'dark', width: 390, height: 760 },
] as const;
/** In CI, each colour scheme and each width is tested once. */
const LOOKS = process.env.CI ? [ALL_LOOKS[0], ALL_LOOKS[3]] : ALL_LOOKS;

const TEXT = 'See https://example.org, `run()`:\n```\nconst chat = new ChatClient();\n```\nشكرا جزيلا';

afterEach(() => browser.closePages());

async function toList(page: Page): Promise<void> {
  const back = page.getByRole('button', { name: 'Back to conversations' });
  if (await back.isVisible()) await back.click();
}

/** Scrolls to the end, because the list starts at the first unread message. */
const toNewest = (page: Page, text: string) =>
  eventually(async () => {
    const newest = page.getByRole('button', { name: 'Jump to newest' });
    if (await newest.isVisible()) await newest.click({ timeout: 1_000 });
    await message(page, text).first().waitFor({ timeout: 1_000 });
  });

test.each(LOOKS)('every screen meets WCAG 2.2 AA: $name', async (look) => {
  const hello = `Hello, Ada: ${look.name}`;
  const answer = `An answer: ${look.name}`;
  const violations: string[] = [];
  const check = async (page: Page, screen: string) => {
    for (const violation of await accessibilityViolations(page)) violations.push(`${screen}: ${violation}`);
  };

  const newcomer = await browser.newPage(look);
  await newcomer.page.goto(cluster.url);
  await newcomer.page.getByRole('button', { name: 'Join as guest' }).click();
  await newcomer.page.getByText('Enter a display name').waitFor();
  await check(newcomer.page, 'welcome, with an error');

  const bo = await joinAsGuest(browser, cluster.url, 'Bo Diddley', look);
  await composer(bo.page).waitFor();
  const { page, errors } = await joinAsGuest(browser, cluster.url, 'Ada Lovelace', look);
  await sendText(bo.page, hello);
  await toNewest(page, hello);
  await waitForMessage(page, hello);
  await sendText(page, TEXT);
  await sendText(page, '🎉🎉');
  await chooseAction(page, hello, 'React: heart');
  await page.getByLabel('❤️ 1: you').waitFor();
  await chooseAction(page, hello, 'Reply');
  await check(page, 'conversation, answering');
  await sendText(page, answer);
  await waitForMessage(page, answer);
  await page.getByRole('button', { name: 'Emoji' }).click();
  await page.getByRole('dialog', { name: 'Emoji' }).waitFor();
  await check(page, 'emoji');
  await page.keyboard.press('Escape');
  await openMenu(page, answer);
  await check(page, 'menu of a message');
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await page.getByRole('button', { name: 'Cancel' }).waitFor();
  await check(page, 'question before deleting');
  await page.getByRole('button', { name: 'Cancel' }).click();

  await toList(page);
  await check(page, 'conversations');
  const hits = page.getByRole('region', { name: 'Search results' }).getByRole('button', { name: /Hello/ });
  await findBy('hello', (typed) => page.getByRole('textbox', { name: 'Search' }).fill(typed), hits);
  await check(page, 'search');
  await page.getByRole('textbox', { name: 'Search' }).fill('');
  await page.getByRole('button', { name: /profile and settings/ }).click();
  await page.getByRole('button', { name: 'Log out' }).waitFor();
  await check(page, 'profile');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'New group' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Group name').fill('Friends');
  await pickUser(page, 'Bo Diddley');
  await check(page, 'new group');
  const create = dialog.getByRole('button', { name: 'Create group' });
  await pressUntil(page, () => create.click(), page.getByRole('heading', { name: 'Friends', level: 2 }));
  await page.getByRole('button', { name: 'Group details' }).click();
  await dialog.getByText('2 members').waitFor();
  await check(page, 'group details');
  await page.keyboard.press('Escape');
  await toList(page);
  await startDirect(page, 'Bo Diddley');
  await check(page, 'empty direct conversation');

  await enterAsGuest(newcomer.page, 'Cy Young');
  await newcomer.page.getByText(/number 1 in the queue/i).waitFor();
  await check(newcomer.page, 'waiting room');
  const second = await page.context().newPage();
  await second.goto(cluster.url);
  await second.getByRole('button', { name: 'Use here' }).waitFor();
  await check(second, 'connected elsewhere');

  const all = [...errors, ...bo.errors, ...newcomer.errors];
  expect({ violations, errors: all }).toEqual({ violations: [], errors: [] });
  await browser.closePages();
});
