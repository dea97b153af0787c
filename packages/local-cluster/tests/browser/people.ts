import type { Page, TestBrowser, TestPage } from '@parley/testing';

/** Somebody with a browser of their own who has entered the chat. */
export async function joinAsGuest(
  browser: TestBrowser,
  url: string,
  name: string,
  options: Parameters<TestBrowser['newPage']>[0] = {},
): Promise<TestPage> {
  const person = await browser.newPage(options);
  await person.page.goto(url);
  await person.page.getByLabel('Display name').fill(name);
  await person.page.getByRole('button', { name: 'Join as guest' }).click();
  return person;
}

/** Where this person writes. */
export const composer = (page: Page) => page.getByRole('textbox', { name: 'Message' });

export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

/** The message with this text, as this person sees it. */
export const message = (page: Page, text: string) => page.getByRole('article').filter({ hasText: text });

export async function shows(page: Page, text: string): Promise<void> {
  try {
    await message(page, text).first().waitFor();
  } catch (error) {
    const shown = await page.locator('body').ariaSnapshot();
    throw new Error(`the page does not show ${JSON.stringify(text)}, but:\n${shown}`, { cause: error });
  }
}

/** Opens a conversation from the list. */
export async function open(page: Page, title: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${title}`) }).click();
  await page.getByRole('heading', { name: title, level: 2 }).waitFor();
}

/** Begins a direct conversation. */
export async function startDirect(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: 'New message' }).click();
  await page.getByRole('dialog').getByRole('textbox').fill(name);
  await page.getByRole('dialog').getByText(name, { exact: true }).first().click();
  await page.getByRole('heading', { name, level: 2 }).waitFor();
}

/** Chooses from the menu of a message. */
export async function choose(page: Page, text: string, action: string): Promise<void> {
  const row = message(page, text).first();
  await row.hover();
  await row.getByRole('button', { name: 'Message actions' }).click();
  await page
    .getByRole('menu')
    .getByLabel(action)
    .or(page.getByRole('menuitem', { name: action }))
    .first()
    .click();
}
