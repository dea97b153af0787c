import { afterEach, expect, test } from '@jest/globals';
import { eventually, newBrowser, type Page, type TestPage } from '@parley/testing';
import { newCluster } from '../cluster/new-cluster.ts';

const cluster = await newCluster({ NODES: 2, MAX_CLIENTS: 2 });
const browser = await newBrowser();

async function joinAsGuest(name: string): Promise<TestPage> {
  const person = await browser.newPage();
  await person.page.goto(cluster.url);
  await person.page.getByLabel('Display name').fill(name);
  await person.page.getByRole('button', { name: 'Join as guest' }).click();
  return person;
}

async function nodeOf(page: Page): Promise<string> {
  const status = page.getByRole('status').filter({ hasText: 'Connected to' }).first();
  return ((await status.textContent()) ?? '').replace('Connected to ', '');
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

const shows = (page: Page, text: string) => page.getByRole('article').getByText(text).first().waitFor();

test('two people on two servers talk in the lobby and directly; the third waits and is let in', async () => {
  const ada = await joinAsGuest('Ada Lovelace');
  const adaNode = await nodeOf(ada.page);
  // Who lands on Ada's server leaves again, and must not be mistaken for the one who stays.
  let attempts = 0;
  const boName = () => `Bo Diddley ${attempts}`;
  const bo = await eventually(async () => {
    attempts += 1;
    const person = await joinAsGuest(boName());
    const node = await nodeOf(person.page);
    if (node === adaNode) await person.page.context().close();
    expect(node).not.toBe(adaNode);
    return person;
  }, 120_000);

  await say(ada.page, 'Good morning, lobby');
  await shows(bo.page, 'Good morning, lobby');
  await bo.page.getByRole('article', { name: 'Ada Lovelace' }).first().waitFor();
  await say(bo.page, 'Good morning, Ada');
  await shows(ada.page, 'Good morning, Ada');

  await ada.page.getByRole('button', { name: 'New message' }).click();
  await ada.page.getByRole('dialog').getByRole('textbox').fill('Diddley');
  await ada.page.getByRole('dialog').getByText(boName(), { exact: true }).first().click();
  await ada.page.getByRole('heading', { name: boName() }).waitFor();
  await say(ada.page, 'Only for you');
  await bo.page.getByRole('button', { name: /Ada Lovelace/ }).click();
  await bo.page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor();
  await shows(bo.page, 'Only for you');

  const cy = await joinAsGuest('Cy Young');
  await cy.page.getByText(/number 1 in line/i).waitFor();
  await bo.page.context().close();
  await cy.page.getByRole('textbox', { name: 'Message' }).waitFor();
  await shows(cy.page, 'Good morning, lobby');
  expect([...ada.complaints, ...cy.complaints]).toEqual([]);
}, 400_000);

/** Everybody leaves, so that the next test has both places. */
afterEach(() => browser.closePages());

test('history comes on scrolling up, and a second tab asks before it takes over', async () => {
  const dee = await eventually(async () => {
    const person = await joinAsGuest('Dee Dee');
    await nodeOf(person.page);
    return person;
  }, 120_000);
  for (let index = 1; index <= 120; index += 1) await say(dee.page, `line ${index}`);
  await shows(dee.page, 'line 120');
  await dee.page.reload();
  await shows(dee.page, 'line 120');
  const history = dee.page.getByRole('region', { name: 'History' });
  await eventually(async () => {
    await history.hover();
    await dee.page.mouse.wheel(0, -3_000);
    expect(await dee.page.getByRole('article').getByText('line 1', { exact: true }).count()).toBe(1);
  }, 120_000);

  const other = await dee.page.context().newPage();
  await other.goto(cluster.url);
  await other
    .getByText(/connected elsewhere/i)
    .first()
    .waitFor();
  await other.getByRole('button', { name: 'Use it here' }).click();
  await shows(other, 'line 120');
  await dee.page
    .getByText(/connected elsewhere/i)
    .first()
    .waitFor();
  expect(dee.complaints).toEqual([]);
}, 400_000);
