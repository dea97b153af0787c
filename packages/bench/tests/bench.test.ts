import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { formatTable } from '@parley/load-kit/command';
import { newTemporaryDirectory } from '@parley/testing';
import { alternate, spreadOf } from '../src/alternate.ts';
import { compare } from '../src/comparison.ts';
import { jainIndex } from '../src/fairness.ts';
import { cpuBetween, readCpu } from '../src/process-cpu.ts';

const BENCH = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const DEADLINE_MS = 480_000;
const run = promisify(execFile);
const directory = await newTemporaryDirectory();

const bench = (...args: string[]) =>
  run(process.execPath, [BENCH, ...args], {
    timeout: DEADLINE_MS,
    killSignal: 'SIGTERM',
    env: { ...process.env, TMPDIR: directory, NODE_OPTIONS: '' },
  });

test.each([['fanout', ['fanout deliveries', 'fanout CPU']]])(
  '%s prints and writes its ratios and removes its temporary files',
  async (name, figures) => {
    const file = join(tmpdir(), `bench-${name}-${process.pid}.json`);
    const { stdout } = await bench(name, '--quick', '--messages', '5000', '--json', file);
    const rows = JSON.parse(await readFile(file, 'utf8')) as { name: string; ratio: number; spread: number[] }[];
    expect(rows.map((row) => row.name)).toEqual(figures);
    for (const { name: figure, ratio, spread } of rows) {
      expect(stdout).toContain(`${figure}: `);
      expect(ratio).toBeGreaterThan(0);
      expect(spread).toEqual([ratio, ratio]);
    }
    expect(await readdir(directory)).toEqual([]);
  },
  DEADLINE_MS,
);

test('a wrong option ends the command with one line that states the allowed values', async () => {
  await expect(bench('speed')).rejects.toMatchObject({
    code: 2,
    stderr: 'the benchmark is "speed"; allowed: one of fanout, latency, users, storm, history, nodes, fairness\n',
  });
  await expect(bench('fanout', '--pairs', '0')).rejects.toMatchObject({
    code: 2,
    stderr: '--pairs is "0"; allowed: a whole number from 1 to 100\n',
  });
});

test('the order within pairs alternates', async () => {
  const order: string[] = [];
  const note = (name: string) => async (pair: number) => order.push(`${name}${pair}`);
  await alternate(3, note('a'), note('b'));
  expect(order).toEqual(['a0', 'b0', 'b1', 'a1', 'a2', 'b2']);
});

test('the ratio is the median over the pairs, the spread its minimum and maximum', () => {
  const { ratio, spread } = compare({ name: '', unit: '', goal: '' }, [
    [20, 10],
    [300, 100],
    [10, 10],
  ]);
  expect({ ratio, spread }).toEqual({ ratio: 2, spread: [1, 3] });
  expect(spreadOf([4, 1])).toEqual({ median: 2.5, min: 1, max: 4 });
});

test("Jain's index is 1 for equal values, and 1 / n when one has everything", () => {
  expect(jainIndex([3, 3, 3, 3])).toBe(1);
  expect(jainIndex([0, 8, 0, 0])).toBe(0.25);
  expect(jainIndex([1, 3])).toBeCloseTo(0.8);
  expect(jainIndex([])).toBe(1);
});

test('a busy process is reported at its limit, an idle one is not', async () => {
  const before = readCpu([{ name: 'me', pid: process.pid }]);
  const startedCpu = process.cpuUsage();
  while (process.cpuUsage(startedCpu).user < 300_000) Math.sqrt(Math.random());
  const after = readCpu([{ name: 'me', pid: process.pid }]);
  const busy = cpuBetween(before, after);
  expect(busy.byName.me).toBeGreaterThanOrEqual(0.25);
  // As if the CPU time had been used within 300 ms.
  expect(cpuBetween(before, { ...after, atMs: before.atMs + 300 }).atLimit).toContain('me');
  expect(cpuBetween(after, { ...after, atMs: after.atMs + 1_000 }).atLimit).toEqual([]);
});

test('a table aligns numbers to the right', () => {
  expect(
    formatTable([
      ['', 'ms'],
      ['long name', '1'],
      ['x', '100'],
    ]),
  ).toEqual(['            ms', 'long name    1', 'x          100']);
});
