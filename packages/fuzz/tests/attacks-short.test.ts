import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { newTemporaryDirectory } from '@parley/testing';
import type { Row } from '../src/known-attacks/verdict.ts';

const ATTACKS = fileURLToPath(new URL('../src/known-attacks/main.ts', import.meta.url));
const DEADLINE_MS = 300_000;
const run = promisify(execFile);

const directory = await newTemporaryDirectory();

const attacks = (...args: string[]) =>
  run(process.execPath, [ATTACKS, ...args], { timeout: DEADLINE_MS, killSignal: 'SIGTERM' });

test(
  'an attack without an account and one with a session are measured, and refuse no healthy user',
  async () => {
    const file = join(directory, 'attacks.json');
    // Exit code 1 may also mean that the latency or the memory of this machine was out of bounds, which a test cannot rely on.
    const { stdout } = await attacks('--only', 'connects,typing', '--seconds', '2', '--json', file).catch(
      (error: { stdout: string }) => error,
    );
    const { attacks: rows } = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as { attacks?: Row[] };
    expect({ names: rows?.map(({ attack }) => attack), stdout }).toEqual({ names: ['connects', 'typing'], stdout });
    for (const { p99Ms, refusals, memoryMb, sent } of rows ?? []) {
      expect(p99Ms.send).toEqual({ before: expect.any(Number), during: expect.any(Number) });
      expect(refusals).toEqual({});
      expect(memoryMb.map(({ name }) => name).toSorted()).toEqual([
        'chat-server-1',
        'chat-server-2',
        'chat-server-3',
        'redis',
      ]);
      expect(Object.keys(sent)).not.toEqual([]);
    }
  },
  DEADLINE_MS + 10_000,
);
