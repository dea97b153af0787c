import { parseArgs } from 'node:util';
import { ConfigError } from '@parley/service-kit';
import { type LocalCluster, startLocalCluster } from './start-local-cluster.ts';

interface Program {
  /** Printed for `--help`. */
  readonly usage: string;
  /** Called when the cluster is ready. The returned object is closed before the cluster is stopped. */
  onReady?(cluster: LocalCluster, report: (line: string) => void): { close(): Promise<void> };
}

/** Runs a local cluster as a program: parses the arguments, prints events, stops at SIGINT, SIGTERM or SIGHUP, and exits. */
export async function runUntilSignal({ usage, onReady }: Program): Promise<never> {
  if (parseOptions(usage).help) {
    print(usage);
    process.exit();
  }
  const stopRequested = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopRequested.abort());
  // The reader of the output may exit (npm start | head) without stopping the cluster.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.on('uncaughtException', (error) => {
    process.stderr.write(`fault in the supervisor: ${error.stack ?? error.message}\n`);
    process.exitCode = 1;
    stopRequested.abort();
  });
  const untilStopRequested = new Promise<void>((resolve) => {
    stopRequested.signal.addEventListener('abort', () => resolve(), { once: true });
  });

  try {
    const cluster = await startLocalCluster({ report, signal: stopRequested.signal });
    print(`ready ${cluster.url}`);
    print(`Ctrl-C stops it; its logs are in ${cluster.dataDir}/logs`);
    const running = onReady?.(cluster, report);
    await untilStopRequested;
    report('stopping');
    const stopped = cluster.stop();
    await running?.close();
    await stopped;
  } catch (error) {
    if (!stopRequested.signal.aborted) {
      const reason = error instanceof ConfigError ? error.message : `start failed: ${String(error)}`;
      process.stderr.write(`${reason}\n`);
      process.exitCode = 1;
    }
  }
  process.exit();
}

function parseOptions(usage: string): { help?: boolean | undefined } {
  try {
    return parseArgs({ options: { help: { type: 'boolean' } } }).values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`);
    process.exit(2);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function report(line: string): void {
  print(`${new Date().toTimeString().slice(0, 8)} ${line}`);
}
