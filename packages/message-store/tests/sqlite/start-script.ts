import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { atFileEnd } from '@parley/testing';

export interface RunningScript {
  /** The lines that the script has printed. */
  readonly lines: readonly string[];
  /** Resolves with the exit code, null after a signal. */
  readonly exited: Promise<number | null>;
  /** Sends SIGTERM. */
  stop(): void;
  kill(): void;
}

const running = new Set<ChildProcess>();

atFileEnd(async () => {
  const ends = [...running].map((child) => once(child, 'close'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ends);
});

/** Runs a script of this folder as a process. It ends with the test file at the latest. */
export function startScript(fileName: string, ...args: string[]): RunningScript {
  const path = new URL(fileName, import.meta.url).pathname;
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  running.add(child);
  const exited = once(child, 'close').then(([exitCode]: (number | null)[]) => {
    running.delete(child);
    return exitCode ?? null;
  });
  return { lines, exited, stop: () => child.kill('SIGTERM'), kill: () => child.kill('SIGKILL') };
}
