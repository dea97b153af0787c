import { afterEach, expect, test } from '@jest/globals';
import { eventually, newBrowser } from '@parley/testing';
import { newCluster } from '../cluster/new-cluster.ts';
import { joinAsGuest, openConversation, sendText, serverOf, startDirect, waitForMessage } from './chat-page.ts';

const cluster = await newCluster({ NODES: 2, MAX_CLIENTS: 2 });
const browser = await newBrowser();

const join = (name: string) => joinAsGuest(browser, cluster.url, name);

test('two users on two servers chat in the lobby and directly; a third one waits and is admitted', async () => {
  const ada = await join('Ada Lovelace');
  const adaNode = await serverOf(ada.page);
  // Each try has its own name, because a user on Ada's server leaves again.
  let attempts = 0;
  const boName = () => `Bo Diddley ${attempts}`;
  const bo = await eventually(async () => {
    attempts += 1;
    const person = await join(boName());
    const node = await serverOf(person.page);
    if (node === adaNode) await person.page.context().close();
    expect(node).not.toBe(adaNode);
    return person;
  }, 120_000);

  await sendText(ada.page, 'Good morning, lobby');
  await waitForMessage(bo.page, 'Good morning, lobby');
  await bo.page.getByRole('article', { name: 'Ada Lovelace' }).first().waitFor();
  await sendText(bo.page, 'Good morning, Ada');
  await waitForMessage(ada.page, 'Good morning, Ada');

  await startDirect(ada.page, boName());
  await sendText(ada.page, 'Only for you');
  await openConversation(bo.page, 'Ada Lovelace');
  await waitForMessage(bo.page, 'Only for you');

  const cy = await join('Cy Young');
  await cy.page.getByText(/number 1 in the queue/i).waitFor();
  await bo.page.context().close();
  await cy.page.getByRole('textbox', { name: 'Message' }).waitFor();
  await waitForMessage(cy.page, 'Good morning, lobby');
  expect([...ada.errors, ...cy.errors]).toEqual([]);
});

/** Frees both session slots for the next test. */
afterEach(() => browser.closePages());

test('scrolling up loads history, and a second tab asks before it takes over', async () => {
  const dee = await eventually(async () => {
    const person = await join('Dee Dee');
    await serverOf(person.page);
    return person;
  }, 120_000);
  for (let index = 1; index <= 120; index += 1) await sendText(dee.page, `line ${index}`);
  await waitForMessage(dee.page, 'line 120');
  await dee.page.reload();
  await waitForMessage(dee.page, 'line 120');
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
  await other.getByRole('button', { name: 'Use here' }).click();
  await waitForMessage(other, 'line 120');
  await dee.page
    .getByText(/connected elsewhere/i)
    .first()
    .waitFor();
  expect(dee.errors).toEqual([]);
});
