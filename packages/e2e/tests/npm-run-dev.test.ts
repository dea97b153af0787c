import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { findProcess, type ProcessEntry, workspacePath } from '@parley/local-cluster';
import { eventually, freePort, newTemporaryDirectory } from '@parley/testing';

const READY_WITHIN_MS = 360_000;
const RESTARTED_WITHIN_MS = 150_000;

const directory = await newTemporaryDirectory();
const checkout = join(directory, 'checkout');
const dataDir = join(directory, 'data');
const port = await freePort();
const url = `http://localhost:${port}`;

/** Copies the checkout, so that the test can change sources. Installed packages are links to the original. */
function copyCheckout(): void {
  mkdirSync(checkout);
  for (const part of ['packages', '.cache', 'nginx.conf', 'package.json', 'pnpm-lock.yaml', 'tsconfig.json']) {
    cpSync(workspacePath(part), join(checkout, part), { recursive: true, verbatimSymlinks: true });
  }
  symlinkSync(workspacePath('node_modules'), join(checkout, 'node_modules'));
}
copyCheckout();

const supervisor = spawn(process.execPath, [join(checkout, 'packages/local-cluster/src/dev.ts')], {
  env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: String(port), NODES: '2', DATA_DIR: dataDir },
  stdio: ['ignore', 'pipe', 'pipe'],
});
let printed = '';
for (const stream of [supervisor.stdout, supervisor.stderr]) {
  stream.on('data', (chunk: Buffer) => {
    printed += chunk;
  });
}
afterAll(async () => {
  if (supervisor.exitCode !== null || supervisor.signalCode !== null) return;
  supervisor.kill('SIGTERM');
  await once(supervisor, 'exit');
});

const listed = () => JSON.parse(readFileSync(join(dataDir, 'processes.json'), 'utf8')) as ProcessEntry[];
const pidOf = (name: string) => listed().find((entry) => entry.name === name)?.pid;
const NAMES = ['chat-server-1', 'chat-server-2', 'message-worker-1', 'nginx', 'presence-service-1', 'redis'];

test('npm run dev restarts the services that a changed source belongs to, and SIGTERM stops all processes', async () => {
  await eventually(() => expect(printed).toContain(`\nready ${url}\n`), READY_WITHIN_MS);
  await eventually(() => expect(printed).toContain('watching packages/'));
  const before = new Map(NAMES.map((name) => [name, pidOf(name)]));

  appendFileSync(join(checkout, 'packages/chat-server/src/main.ts'), '// changed\n');
  await eventually(() => {
    const changed = NAMES.filter((name) => pidOf(name) !== undefined && pidOf(name) !== before.get(name));
    expect(changed).toEqual(['chat-server-1', 'chat-server-2']);
  }, RESTARTED_WITHIN_MS);
  expect(NAMES.filter((name) => pidOf(name) === before.get(name))).toEqual(NAMES.slice(2));
  expect((await fetch(`${url}/readyz`)).status).toBe(200);

  const index = join(checkout, 'packages/web-client/index.html');
  writeFileSync(index, readFileSync(index, 'utf8').replace(/<title>[^<]*/, '<title>Changed'));
  await eventually(async () => expect(await (await fetch(url)).text()).toContain('<title>Changed'), READY_WITHIN_MS);

  const running = listed();
  supervisor.kill('SIGTERM');
  await once(supervisor, 'exit');
  expect(supervisor.exitCode).toBe(0);
  expect(running.filter(({ pid }) => findProcess(pid))).toEqual([]);
});
