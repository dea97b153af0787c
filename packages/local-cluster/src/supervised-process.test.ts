import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { ConfigError } from '@parley/service-kit';
import { eventually, newTemporaryDirectory } from '@parley/testing';
import { LogFiles } from './log-files.ts';
import { startProcessGuard } from './process-guard.ts';
import { findProcess } from './process-table.ts';
import { awaitStartedMessage } from './readiness-probes.ts';
import { type ProcessSpec, SupervisedProcess } from './supervised-process.ts';

const directory = await newTemporaryDirectory();
const running: SupervisedProcess[] = [];
const logs = new LogFiles(directory, (error) => {
  throw error;
});
afterEach(() => Promise.all(running.splice(0).map((one) => one.stop(1_000))));
const guard = startProcessGuard();
afterAll(async () => {
  await logs.close();
  guard.close();
});

const GOOD = `process.send({ type: 'started' }); setInterval(() => undefined, 1000);`;

/** @param onLine called for each reported line, before the supervisor continues */
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
    { logs, guard, report, changed: () => undefined },
  );
  running.push(supervised);
  supervised.start();
  return { supervised, lines };
}

test('a process that refuses its settings before it was up makes firstUp reject with its last line of output', async () => {
  const { supervised } = supervise(`process.stderr.write('PORT is "x"; allowed: a number\\n'); process.exitCode = 78`);
  await expect(supervised.firstUp).rejects.toEqual(new ConfigError('PORT is "x"; allowed: a number'));
});

test('a killed process is restarted after 100 ms', async () => {
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

test('a process that fails at its start is restarted with growing delays, and the report shows its last line of output', async () => {
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

test('a process that misses its start deadline is killed and restarted', async () => {
  const { lines } = supervise('setInterval(() => undefined, 1000)', { startDeadlineMs: 200 });
  await eventually(() =>
    expect(lines.slice(0, 2)).toEqual(['it was not up within 200 ms', expect.stringContaining('SIGKILL')]),
  );
});

test('when a process ends, the rest of its process group is killed', async () => {
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

test('stop kills a process that ignores its stop signal, and the process is not started again', async () => {
  const { supervised, lines } = supervise(`process.on('SIGTERM', () => undefined); ${GOOD}`);
  await supervised.firstUp;
  await supervised.stop(200);
  expect(supervised.pid).toBeUndefined();
  expect(lines.at(-1)).toBe('it stopped');
  supervised.start();
  expect(supervised.pid).toBeUndefined();
});

test('stop cancels a pending restart', async () => {
  const waiting = Promise.withResolvers<void>();
  const stopped = supervise('process.exit(1)', {}, () => waiting.resolve(stopped.supervised.stop(1_000)));
  await waiting.promise;
  // Another process with the same delay, which is not stopped, has been restarted when this passes.
  const other = supervise('process.exit(1)');
  await eventually(() => expect(other.lines.length).toBeGreaterThanOrEqual(2));
  expect(stopped.supervised.pid).toBeUndefined();
  expect(stopped.lines).toHaveLength(1);
});

test('restart replaces a process without a restart delay, and resolves when the new one is up', async () => {
  const { supervised, lines } = supervise(GOOD);
  await supervised.firstUp;
  const { pid } = supervised;
  expect(await supervised.restart(1_000)).toBe(true);
  expect(supervised.isUp).toBe(true);
  expect(supervised.pid).not.toBe(pid);
  expect(lines).toEqual([`it started (pid ${pid}, port 1)`, `it started (pid ${supervised.pid}, port 1)`]);
});

test('restart reports a new process that ends before it is up, and a later restart starts it again', async () => {
  const flag = join(directory, 'broken');
  const { supervised } = supervise(
    `if (require('node:fs').existsSync(${JSON.stringify(flag)})) process.exit(1); ${GOOD}`,
  );
  await supervised.firstUp;
  writeFileSync(flag, '');
  expect(await supervised.restart(1_000)).toBe(false);
  rmSync(flag);
  expect(await supervised.restart(1_000)).toBe(true);
});

test('stop during a restart ends the process, and no new one is started', async () => {
  const { supervised, lines } = supervise(`process.on('SIGTERM', () => setTimeout(process.exit, 300)); ${GOOD}`);
  await supervised.firstUp;
  const restarted = supervised.restart(5_000);
  await supervised.stop(5_000);
  expect(await restarted).toBe(false);
  expect(supervised.pid).toBeUndefined();
  expect(lines.at(-1)).toBe('it stopped');
});
