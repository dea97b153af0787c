import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { findProcess, type ProcessEntry, workspacePath } from '@parley/local-cluster';
import { eventually, freePort, newTemporaryDirectory } from '@parley/testing';

/** Longer than the time limit of the start, because the web client may have to be built. */
const READY_WITHIN_MS = 360_000;
/** The promise is 10 s; a machine that is busy with other tests gets more. */
const STOPPED_WITHIN_MS = 60_000;

/** The services stop when their IPC channel closes, and Redis and nginx are ended after them. */
const ENDED_WITHIN_MS = 120_000;

const directory = await newTemporaryDirectory();
const port = await freePort();
const url = `http://localhost:${port}`;
const dataDir = join(directory, 'data');
const supervisors: ChildProcess[] = [];
afterAll(async () => {
  for (const supervisor of supervisors) {
    if (supervisor.exitCode !== null || supervisor.signalCode !== null) continue;
    supervisor.kill('SIGTERM');
    await once(supervisor, 'exit');
  }
});

/** Starts the script behind `npm start`, and collects its output. */
function start(settings: NodeJS.ProcessEnv = {}) {
  const supervisor = spawn(process.execPath, [workspacePath('packages/local-cluster/src/main.ts')], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PORT: String(port),
      NODES: '2',
      DATA_DIR: dataDir,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  supervisors.push(supervisor);
  const printed = { out: '', err: '' };
  supervisor.stdout.on('data', (chunk: Buffer) => {
    printed.out += chunk;
  });
  supervisor.stderr.on('data', (chunk: Buffer) => {
    printed.err += chunk;
  });
  return { supervisor, printed };
}

const listed = () => JSON.parse(readFileSync(join(dataDir, 'processes.json'), 'utf8')) as ProcessEntry[];
const ready = (printed: { out: string; err: string }) =>
  eventually(() => expect(printed.out + printed.err).toContain(`\nready ${url}\n`), READY_WITHIN_MS);
const answersReady = () => eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200));
const runs = ({ pid }: { pid: number }) => findProcess(pid) !== undefined;

describe('npm start', () => {
  let first: ReturnType<typeof start>;
  beforeAll(async () => {
    first = start();
    await ready(first.printed);
  }, READY_WITHIN_MS + 1_000);

  test('processes.json lists the running processes with their ports', async () => {
    const entries = listed();
    expect(entries.map(({ name }) => name).sort()).toEqual([
      ...['chat-server-1', 'chat-server-2', 'message-worker-1', 'nginx', 'presence-service-1', 'redis'],
    ]);
    expect(entries.every(runs)).toBe(true);
    await answersReady();
    for (const { metricsPort } of entries) {
      if (metricsPort === null) continue;
      expect(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()).toContain(
        'process_cpu_seconds_total',
      );
    }
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
  });

  test.each(['chat-server-1', 'message-worker-1', 'presence-service-1', 'redis', 'nginx'])(
    'restarts %s when it is killed',
    async (name) => {
      const find = () => listed().find((entry) => entry.name === name);
      const killed = find() as ProcessEntry;
      process.kill(killed.pid, 'SIGKILL');
      await eventually(() => {
        expect(find()).toEqual({ ...killed, pid: expect.any(Number) });
        expect(find()?.pid).not.toBe(killed.pid);
      }, 150_000);
      await answersReady();
      await eventually(() =>
        expect(first.printed.out).toMatch(new RegExp(`${name} died \\(SIGKILL\\), restarting in \\d+ ms`)),
      );
    },
  );

  test('a second start in the same data directory is refused', async () => {
    const second = start({ PORT: String(await freePort()) });
    await once(second.supervisor, 'close');
    expect(second.supervisor.exitCode).toBe(1);
    expect(second.printed.err).toBe(
      `DATA_DIR is "${dataDir}": a cluster already runs there (pid ${first.supervisor.pid}); stop it, or set DATA_DIR to another directory\n`,
    );
  });

  test('a start on a taken port is refused before any process is started', async () => {
    const second = start({ DATA_DIR: join(directory, 'other') });
    await once(second.supervisor, 'close');
    expect(second.supervisor.exitCode).toBe(1);
    expect(second.printed).toEqual({ out: '', err: `PORT is "${port}": the port is taken; set PORT to a free one\n` });
  });

  test(
    'after the supervisor was killed all its processes end, and the next start works',
    async () => {
      const before = listed();
      first.supervisor.kill('SIGKILL');
      await eventually(() => expect(before.filter(runs)).toEqual([]), ENDED_WITHIN_MS);
      first = start();
      await ready(first.printed);
      expect(listed()).toHaveLength(before.length);
    },
    READY_WITHIN_MS + ENDED_WITHIN_MS + 60_000,
  );

  test('SIGTERM stops all processes within 10 s', async () => {
    const before = listed();
    const sentAt = performance.now();
    first.supervisor.kill('SIGTERM');
    await once(first.supervisor, 'exit');
    expect(performance.now() - sentAt).toBeLessThan(STOPPED_WITHIN_MS);
    expect(first.supervisor.exitCode).toBe(0);
    expect(before.filter(runs)).toEqual([]);
    expect(listed()).toEqual([]);
  });
});

test('a wrong setting stops the start with one line', async () => {
  const { supervisor, printed } = start({ MAX_CLIENTS: 'many' });
  await once(supervisor, 'close');
  expect(supervisor.exitCode).toBe(1);
  expect(printed).toEqual({
    out: '',
    err: 'MAX_CLIENTS is "many"; allowed: a whole number from 0 to 1000000\n',
  });
});
