import { afterAll, afterEach, expect, test } from '@jest/globals';
import { eventually, newTemporaryDirectory } from '@parley/testing';
import { LogFiles } from './log-files.ts';
import { findProcess } from './process-table.ts';
import { awaitStartedMessage } from './readiness-probes.ts';
import { type ProcessSpec, SupervisedProcess } from './supervised-process.ts';

const directory = await newTemporaryDirectory();
const running: SupervisedProcess[] = [];
const logs = new LogFiles(directory, (error) => {
  throw error;
});
afterEach(() => Promise.all(running.splice(0).map((one) => one.stop(1_000))));
afterAll(() => logs.close());

const GOOD = `process.send({ type: 'started' }); setInterval(() => undefined, 1000);`;

/** @param onLine told of each line as it is reported, before anything else can happen */
function supervise(script: string, changes: Partial<ProcessSpec> = {}, onLine: () => void = () => undefined) {
  const lines: string[] = [];
  const report = (line: string) => {
    lines.push(line);
    onLine();
  };
  const supervised = new SupervisedProcess(
    {
      ...{ name: 'it', command: process.execPath, args: ['-e', script], env: { PATH: process.env.PATH } },
      ...{ ipc: true, program: '-e', port: 1, metricsPort: null, readinessProbe: awaitStartedMessage },
      ...{ startDeadlineMs: 60_000, stopSignal: 'SIGTERM' },
      ...changes,
    },
    { logs, report, changed: () => undefined },
  );
  running.push(supervised);
  supervised.start();
  return { supervised, lines };
}

test('a process that is killed is started again 100 ms after its death', async () => {
  const { supervised, lines } = supervise(GOOD);
  await supervised.firstUp;
  const { pid } = supervised;
  supervised.kill('SIGKILL');
  await eventually(() => expect(supervised.isUp && supervised.pid !== pid).toBe(true));
  expect(lines).toEqual([
    `it started (pid ${pid}, port 1)`,
    expect.stringMatching(/^it died \(SIGKILL\), restarting in 100 ms; see .*it\.log$/),
    `it started (pid ${supervised.pid}, port 1)`,
  ]);
});

test('one that cannot start is tried again at growing intervals, and its last words are shown', async () => {
  const { lines } = supervise(`process.stderr.write('no database\\n'); process.exit(3)`);
  await eventually(() => expect(lines.length).toBeGreaterThanOrEqual(3), 120_000);
  expect(lines.slice(0, 3).map((line) => line.split(';')[0])).toEqual([
    'it died (exit code 3: no database), restarting in 100 ms',
    'it died (exit code 3: no database), restarting in 200 ms',
    'it died (exit code 3: no database), restarting in 400 ms',
  ]);
});

test('a program that does not exist is reported, not thrown', async () => {
  const { lines } = supervise('', { command: 'no-such-program', ipc: false });
  await eventually(() => expect(lines[0]).toContain('ENOENT'));
});

test('one that never says that it is up is killed and tried again', async () => {
  const { lines } = supervise('setInterval(() => undefined, 1000)', { startDeadlineMs: 200 });
  await eventually(() =>
    expect(lines.slice(0, 2)).toEqual(['it was not up within 200 ms', expect.stringContaining('SIGKILL')]),
  );
});

test('what it leaves in its group goes with it', async () => {
  const { supervised } = supervise(`
    const child = require('node:child_process').spawn('sleep', ['1000'], { stdio: 'ignore' });
    process.stdout.write(child.pid + '\\n', () => process.send({ type: 'started' }));
    setInterval(() => undefined, 1000);
  `);
  const size = logs.sizeOf('it');
  await supervised.firstUp;
  const left = await eventually(() => {
    const pid = Number(logs.lastLineSince('it', size));
    expect(findProcess(pid)).toBeDefined();
    return pid;
  });
  supervised.kill('SIGKILL');
  await eventually(() => expect(findProcess(left)).toBeUndefined());
});

test('a stop is final, and ends a process that does not listen', async () => {
  const { supervised, lines } = supervise(`process.on('SIGTERM', () => undefined); ${GOOD}`);
  await supervised.firstUp;
  await supervised.stop(200);
  expect(supervised.pid).toBeUndefined();
  expect(lines.at(-1)).toBe('it stopped');
  supervised.start();
  expect(supervised.pid).toBeUndefined();
});

test('a stop while it waits to be restarted lets it rest', async () => {
  const waiting = Promise.withResolvers<void>();
  const stopped = supervise('process.exit(1)', {}, () => waiting.resolve(stopped.supervised.stop(1_000)));
  await waiting.promise;
  // One that waits as long from now on, and is not stopped, has been started again by then.
  const other = supervise('process.exit(1)');
  await eventually(() => expect(other.lines.length).toBeGreaterThanOrEqual(2));
  expect(stopped.supervised.pid).toBeUndefined();
  expect(stopped.lines).toHaveLength(1);
});
