import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { startLocalCluster, workspacePath } from '@parley/local-cluster';
import {
  atFileEnd,
  callRest,
  callRestOnce,
  connectPeer,
  eventually,
  freePort,
  newBrowser,
  newConversation,
  newGuest,
  newTemporaryDirectory,
} from '@parley/testing';

/** The shortest that the cluster allows. */
const ACCESS_TOKEN_TTL_MS = 10_000;

const browser = await newBrowser();
const directory = await newTemporaryDirectory();
const cluster = await startLocalCluster({
  env: {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: String(await freePort()),
    DATA_DIR: join(directory, 'data'),
    NODES: '2',
    ACCESS_TOKEN_TTL_MS: String(ACCESS_TOKEN_TTL_MS),
  },
});
atFileEnd(() => cluster.stop());

test('the echo bot replies after its access token has expired', async () => {
  await startExample(['packages/examples/src/echo-bot/main.ts'], { BOT_NAME: 'Parrot' }, /^ready$/m);
  // Joined after the bot and does not renew its token: when its session ends, the bot's first token has expired.
  const witness = await newGuest(cluster.url, 'Witness');
  const observer = await connectPeer(cluster.url, witness.token);
  await observer.emit('session:hello', { timezone: 'UTC' });
  await eventually(() => expect(observer.sessionEnds).toEqual([{ event: 'session:expired', code: 'UNAUTHENTICATED' }]));
  observer.close();

  const guest = await newGuest(cluster.url, 'Ada');
  const peer = await connectPeer(cluster.url, guest.token);
  await peer.emit('session:hello', { timezone: 'UTC' });
  const { message } = (await peer.send('lobby', 'a-question', '!echo still here')) as unknown as {
    message: { id: string };
  };
  await eventually(() =>
    expect(peer.messages('lobby')).toContainEqual(expect.objectContaining({ text: 'still here', replyTo: message.id })),
  );
  peer.close();
});

test('the alert service posts each alert once, however often the webhook is sent', async () => {
  const password = 'correct horse battery';
  const registered = await callRest<{ user: { id: string } }>(cluster.url, 'POST', '/api/auth/register', {
    body: { username: 'alerts', password, displayName: 'Alerts' },
  });
  const owner = await newGuest(cluster.url, 'Owner');
  const conversationId = await newConversation(cluster.url, owner, {
    kind: 'group',
    title: 'On call',
    memberIds: [registered.body.user.id],
  });
  const env = {
    PARLEY_USERNAME: 'alerts',
    PARLEY_PASSWORD: password,
    CONVERSATION_ID: conversationId,
    ALERT_PORT: '0',
  };
  const alert = {
    labels: { alertname: 'RedisDown' },
    annotations: { summary: 'Redis is not reachable' },
    startsAt: '2026-01-31T12:00:00Z',
    fingerprint: '5f1d7a',
  };
  const firing = { version: '4', alerts: [{ ...alert, status: 'firing' }] };

  const first = await startExample(['packages/examples/src/alert-service/main.ts'], env, /^ready (\S+)$/m);
  await sendWebhook(first.match, firing);
  await sendWebhook(first.match, firing);
  await end(first.child);
  const second = await startExample(['packages/examples/src/alert-service/main.ts'], env, /^ready (\S+)$/m);
  await sendWebhook(second.match, firing);
  await sendWebhook(second.match, { version: '4', alerts: [{ ...alert, status: 'resolved' }] });
  expect((await fetch(second.match, { method: 'POST', body: 'not JSON' })).status).toBe(400);

  // The owner's first access token has expired by now.
  const reader = await callRestOnce<{ accessToken: string }>(cluster.url, 'POST', '/api/auth/refresh', {
    cookie: owner.cookie,
  });
  const page = await callRest<{ messages: { kind: string; text: string }[] }>(
    cluster.url,
    'GET',
    `/api/conversations/${conversationId}/messages`,
    { token: reader.body.accessToken },
  );
  expect(page.body.messages.filter(({ kind }) => kind === 'text').map(({ text }) => text)).toEqual([
    '🔥 RedisDown firing: Redis is not reachable',
    '✅ RedisDown resolved: Redis is not reachable',
  ]);
});

test('two people talk through the React page', async () => {
  const config = ['--config', 'packages/examples/src/react-page/vite.config.ts', '--outDir', join(directory, 'page')];
  const vite = 'packages/examples/node_modules/vite/bin/vite.js';
  const build = startChild([vite, 'build', ...config]);
  expect(await once(build.child, 'exit')).toEqual([0, null]);
  const port = String(await freePort());
  await startExample([vite, 'preview', ...config, '--host', '127.0.0.1', '--port', port, '--strictPort'], {}, /Local:/);

  const people = [];
  for (const name of ['Grace', 'Alan']) {
    const person = await browser.newPage();
    await person.page.goto(`http://127.0.0.1:${port}`);
    await person.page.getByLabel('Your name').fill(name);
    await person.page.getByRole('button', { name: 'Join' }).click();
    await person.page.getByText('Connected', { exact: true }).waitFor();
    people.push(person);
  }
  const [grace, alan] = people as [(typeof people)[0], (typeof people)[0]];
  await grace.page.getByLabel('Message').fill('Hello from a small page');
  await grace.page.getByRole('button', { name: 'Send' }).click();
  await alan.page.getByRole('listitem').filter({ hasText: 'Grace Hello from a small page' }).waitFor();
  await grace.page.getByRole('listitem').filter({ hasText: 'stored' }).first().waitFor();
  // A reload continues the login and the session.
  await alan.page.reload();
  await alan.page.getByRole('listitem').filter({ hasText: 'Grace Hello from a small page' }).waitFor();
  expect(people.flatMap(({ errors }) => errors)).toEqual([]);
});

/** Sends a webhook until it is accepted, as Alertmanager does. */
async function sendWebhook(url: string, body: object): Promise<void> {
  await eventually(async () => {
    const { status } = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    expect(status).toBe(200);
  });
}

/** Starts a program from the root of the checkout and waits until its output matches. */
async function startExample(args: string[], env: Record<string, string>, readyLine: RegExp) {
  const { child, output } = startChild(args, env);
  const match = await eventually(() => {
    const found = readyLine.exec(output());
    if (!found) throw new Error(`not ready; exit code ${child.exitCode}, output:\n${output()}`);
    return found[1] ?? '';
  });
  return { child, match };
}

function startChild(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, args, {
    cwd: workspacePath('.'),
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1', PARLEY_URL: cluster.url, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  atFileEnd(() => end(child));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
