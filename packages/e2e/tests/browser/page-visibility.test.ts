import { afterEach, expect, test } from '@jest/globals';
import { eventually, newBrowser, type Page } from '@parley/testing';
import { newCluster } from '../cluster/new-cluster.ts';
import {
  composer,
  enterAsGuest,
  joinAsGuest,
  openConversation,
  sendText,
  startDirect,
  waitForMessage,
} from './chat-page.ts';

const cluster = await newCluster({ NODES: 2, PRESENCE_GRACE_MS: 500 });
const browser = await newBrowser();

afterEach(() => browser.closePages());

/** Simulates a hidden tab. A headless page is always visible. */
const setHidden = (page: Page, isHidden: boolean) =>
  page.evaluate(`
    Object.defineProperty(document, 'visibilityState', { value: '${isHidden ? 'hidden' : 'visible'}', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  `);

/** Records the notifications that the page shows. */
const RECORD_NOTIFICATIONS = `
  window.shownNotifications = [];
  window.Notification = class extends Notification {
    constructor(title, options) {
      super(title, options);
      window.shownNotifications.push(title + ': ' + options.body);
    }
  };
`;

test('a hidden page sets the status away and reads nothing; a closed page sets the last-seen time', async () => {
  const ada = await joinAsGuest(browser, cluster.url, 'Ada Elsewhere');
  const bo = await joinAsGuest(browser, cluster.url, 'Bo Watching');
  await composer(ada.page).waitFor();
  await composer(bo.page).waitFor();
  await startDirect(bo.page, 'Ada Elsewhere');
  await openConversation(ada.page, 'Bo Watching');
  const header = bo.page.locator('main header');
  await header.getByText('Online').first().waitFor();
  await setHidden(ada.page, true);
  await header.getByText('Away').first().waitFor();
  await sendText(bo.page, 'Are you there?');
  const own = bo.page.getByRole('article').filter({ hasText: 'Are you there?' });
  await own.getByTitle(/^Delivered/).waitFor();
  await setHidden(ada.page, false);
  await header.getByText('Online').first().waitFor();
  await own.getByTitle('Read', { exact: true }).waitFor();
  await ada.page.context().close();
  await header
    .getByText(/^Last seen/)
    .first()
    .waitFor();
  expect([...ada.errors, ...bo.errors]).toEqual([]);
});

test('a hidden page shows notifications of new messages after they were turned on', async () => {
  const ada = await browser.newPage();
  await ada.page.context().grantPermissions(['notifications'], { origin: cluster.url });
  await ada.page.addInitScript(RECORD_NOTIFICATIONS);
  await ada.page.goto(cluster.url);
  await enterAsGuest(ada.page, 'Ada Curious');
  const bo = await joinAsGuest(browser, cluster.url, 'Bo Talking');
  await sendText(bo.page, 'Seen as it comes');
  await waitForMessage(ada.page, 'Seen as it comes');
  await setHidden(ada.page, true);
  await sendText(bo.page, 'Not asked for');
  await waitForMessage(ada.page, 'Not asked for');
  await setHidden(ada.page, false);
  await ada.page.getByRole('button', { name: /profile and settings/ }).click();
  await ada.page.getByRole('switch', { name: 'Notifications' }).click();
  await eventually(async () =>
    expect(await ada.page.getByRole('switch', { name: 'Notifications' }).isChecked()).toBe(true),
  );
  await setHidden(ada.page, true);
  await sendText(bo.page, 'Come and look');
  await eventually(async () =>
    expect(await ada.page.evaluate('window.shownNotifications')).toEqual(['Bo Talking · Lobby: Come and look']),
  );
  expect([...ada.errors, ...bo.errors]).toEqual([]);
});
