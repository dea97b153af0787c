import { eventually, type Locator, type Page, type TestBrowser, type TestPage } from '@parley/testing';

/** How long a page may take to do what was asked for, refused tries included. */
const PATIENCE_MS = 120_000;
/** How long something that was searched for may take to show before other words are tried. */
const SEARCH_PATIENCE_MS = 15_000;

/** By which name a person is really known: a try to join that was refused may have left another one of that display name. */
const usernames = new Map<string, string>();

/** Somebody with a browser of their own who has entered the chat. */
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

/** Goes through the welcome screen, which is shown already. */
export async function enterAsGuest(page: Page, name: string): Promise<void> {
  const field = page.getByLabel('Display name');
  await field.fill(name);
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/api/auth/guest') && response.status() === 201, {
      timeout: PATIENCE_MS,
    }),
    pressUntil(page, () => page.getByRole('button', { name: 'Join as guest' }).click(), field, 'gone'),
  ]);
  const { user } = (await answer.json()) as { user: { username: string } };
  usernames.set(name, user.username);
}

/**
 * Presses a button of a form or a dialog until its effect shows, once more whenever it says there that it was refused: on a slow
 * machine that can happen to any request.
 */
export async function pressUntil(
  page: Page,
  press: () => Promise<void>,
  effect: Locator,
  wanted: 'shown' | 'gone' = 'shown',
): Promise<void> {
  const refusal = page.locator('form, [role=dialog]').getByRole('alert').filter({ hasText: /\S/ }).first();
  await press();
  await showing(page, `${effect} ${wanted}`, () =>
    eventually(
      async () => {
        const isDone = (await effect.first().isVisible()) === (wanted === 'shown');
        if (isDone) return;
        if (await refusal.isVisible()) await press();
        throw new Error('not yet');
      },
      PATIENCE_MS,
      100,
    ),
  );
}

/** Where this person writes. */
export const composer = (page: Page) => page.getByRole('textbox', { name: 'Message' });

export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

/** The message with this text, as this person sees it. */
export const message = (page: Page, text: string) => page.getByRole('article').filter({ hasText: text });

export const shows = (page: Page, text: string): Promise<void> =>
  showing(page, JSON.stringify(text), () => message(page, text).first().waitFor());

/** Waits, and reports a wait in vain with what the page shows instead. */
async function showing(page: Page, wanted: string, wait: () => Promise<void>): Promise<void> {
  try {
    await wait();
  } catch (error) {
    const shown = await page.locator('body').ariaSnapshot();
    throw new Error(`the page does not show ${wanted}, but:\n${shown}`, { cause: error });
  }
}

/** Opens a conversation from the list. */
export async function open(page: Page, title: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${title}`) }).click();
  await page.getByRole('heading', { name: title, level: 2 }).waitFor();
}

/** Picks somebody who has joined from those that the open dialog finds. */
export const pick = (page: Page, name: string): Promise<void> => {
  const dialog = page.getByRole('dialog');
  const entry = dialog.getByRole('button').filter({ hasText: usernames.get(name) ?? name });
  return findBy(name, (typed) => dialog.getByLabel('Find people').fill(typed), entry).then(() => entry.click());
};

/** Types words until what they find shows. A search that failed is asked anew only for other words: a shorter beginning. */
export async function findBy(words: string, type: (typed: string) => Promise<void>, hit: Locator): Promise<void> {
  let typed = words;
  await eventually(async () => {
    await type(typed);
    typed = typed.slice(0, -1) || words;
    await hit.first().waitFor({ timeout: SEARCH_PATIENCE_MS });
  }, PATIENCE_MS);
}

/** Begins a direct conversation. */
export async function startDirect(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'New message' }).click();
  await pressUntil(page, () => pick(page, name), page.getByRole('heading', { name, level: 2 }));
}

/** Chooses from the menu of a message. */
export async function choose(page: Page, text: string, action: string): Promise<void> {
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
