import { ConfigError } from '@parley/service-kit';

/** Output and stop signal of a running command. */
export interface Command {
  print(line: string): void;
  /** Prints a progress line with the time since the start. */
  report(line: string): void;
  /** Aborts on SIGINT, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
}

/**
 * Runs a command and exits with the code that `run` returns, with 130 after a stop signal, or with 2 and the error when it failed.
 *
 * @param name prefix of the error text, except for wrong options
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
