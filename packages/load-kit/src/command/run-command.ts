import { ConfigError } from '@parley/service-kit';

/** What a command of this package talks through, and is stopped by. */
export interface Command {
  print(line: string): void;
  /** Prints a line of progress, with the time since the start. */
  report(line: string): void;
  /** Aborts when the command is to stop. */
  readonly signal: AbortSignal;
}

/**
 * Runs the program of a command to its end, and exits: with what `run` gives, with 130 when it was stopped by a signal, or with 2
 * and the reason when it failed.
 *
 * @param name what failed, in the message of a fault that is no wrong option
 */
export async function runCommand(name: string, run: (command: Command) => Promise<number>): Promise<never> {
  const startedAt = performance.now();
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const report = (line: string) =>
    print(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${line}`);
  const stopRequested = new AbortController();
  const { signal } = stopRequested;
  for (const stop of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(stop, () => stopRequested.abort());
  try {
    process.exitCode = await run({ print, report, signal });
  } catch (error) {
    if (signal.aborted) process.exitCode = 130;
    else {
      process.stderr.write(
        `${error instanceof ConfigError ? error.message : `${name} failed: ${(error as Error).stack}`}\n`,
      );
      process.exitCode = 2;
    }
  }
  process.exit();
}
