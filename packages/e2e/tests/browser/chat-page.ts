import { eventually, type Locator, type Page, type TestBrowser, type TestPage } from '@parley/testing';

/** Maximum time for an action in the page, including retries. */
const DEADLINE_MS = 120_000;
/** Maximum time for a search result to appear before the next query. */
const SEARCH_DEADLINE_MS = 15_000;

/** Usernames by display name. A failed attempt to join may have left another user with the same display name. */
const usernames = new Map<string, string>();

/** Opens a page with its own browser profile and joins as a guest. */
export async function joinAsGuest(
  browser: TestBrowser,
  url: string,
  name: string,
  options: Parameters<TestBrowser['newPage']>[0] = {},
): Promise<TestPage> {
  const person = await browser.newPage(options);
  await person.page.goto(url);
  await enterAsGuest(person.page, name);
  return person;
}

/** Joins as a guest from the open welcome screen. */
export async function enterAsGuest(page: Page, name: string): Promise<void> {
  const field = page.getByLabel('Display name');
  await field.fill(name);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/api/auth/guest') && response.status() === 201, {
      timeout: DEADLINE_MS,
    }),
    pressUntil(page, () => page.getByRole('button', { name: 'Join as guest' }).click(), field, 'gone'),
  ]);
  const { user } = (await answer.json()) as { user: { username: string } };
  usernames.set(name, user.username);
}

/**
 * Presses a button of a form or dialog until its effect is visible. Presses again after an error, because any request can
 * time out on a slow machine.
 */
export async function pressUntil(
  page: Page,
  press: () => Promise<void>,
  effect: Locator,
  wanted: 'shown' | 'gone' = 'shown',
): Promise<void> {
  const error = page.locator('form, [role=dialog]').getByRole('alert').filter({ hasText: /\S/ }).first();
  await press();
  await showing(page, `${effect} ${wanted}`, () =>
    eventually(
      async () => {
        const isDone = (await effect.first().isVisible()) === (wanted === 'shown');
        if (isDone) return;
        if (await error.isVisible()) await press();
        throw new Error('not yet');
      },
      DEADLINE_MS,
      100,
    ),
  );
}

/** The message input. */
export const composer = (page: Page) => page.getByRole('textbox', { name: 'Message' });

export async function sendText(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

/** The message with this text. */
export const message = (page: Page, text: string) => page.getByRole('article').filter({ hasText: text });

export const waitForMessage = (page: Page, text: string): Promise<void> =>
  showing(page, JSON.stringify(text), () => message(page, text).first().waitFor());

/** Waits, and on a timeout reports the content of the page. */
async function showing(page: Page, wanted: string, wait: () => Promise<void>): Promise<void> {
  try {
    await wait();
  } catch (error) {
    const shown = await page.locator('body').ariaSnapshot();
    throw new Error(`the page does not show ${wanted}, but:\n${shown}`, { cause: error });
  }
}

/** Opens a conversation in the list. */
export async function openConversation(page: Page, title: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${title}`) }).click();
  await page.getByRole('heading', { name: title, level: 2 }).waitFor();
}

/** Selects a joined user in the open dialog. */
export const pickUser = (page: Page, name: string): Promise<void> => {
  const dialog = page.getByRole('dialog');
  const entry = dialog.getByRole('button').filter({ hasText: usernames.get(name) ?? name });
  return findBy(name, (typed) => dialog.getByLabel('Find people').fill(typed), entry).then(() => entry.click());
};

/** Searches until a result appears. Each try shortens the query, because the page does not repeat an unchanged one. */
export async function findBy(words: string, type: (typed: string) => Promise<void>, hit: Locator): Promise<void> {
  let typed = words;
  await eventually(async () => {
    await type(typed);
    typed = typed.slice(0, -1) || words;
    await hit.first().waitFor({ timeout: SEARCH_DEADLINE_MS });
  }, DEADLINE_MS);
}

/** Starts a direct conversation. */
export async function startDirect(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'New message' }).click();
  await pressUntil(page, () => pickUser(page, name), page.getByRole('heading', { name, level: 2 }));
}

/** Selects an action in the menu of a message. */
export async function chooseAction(page: Page, text: string, action: string): Promise<void> {
  await openMenu(page, text);
  await page
    .getByRole('menu')
    .getByLabel(action)
    .or(page.getByRole('menuitem', { name: action }))
    .first()
    .click();
}

export async function openMenu(page: Page, text: string): Promise<void> {
  const row = message(page, text).first();
  await row.hover();
  await row.getByRole('button', { name: 'Message actions' }).click();
  await page.getByRole('menu').waitFor();
}

/** Returns the name of the server that the page shows as connected. */
export async function serverOf(page: Page): Promise<string> {
  const status = page.getByRole('status').filter({ hasText: 'Connected to' }).first();
  return ((await status.textContent()) ?? '').replace('Connected to ', '');
}
