import { ConfigError } from '@parley/service-kit';
import { startLocalCluster } from './start-local-cluster.ts';

const stopRequested = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopRequested.abort());
// Whoever read the lines may leave without stopping the cluster.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.on('uncaughtException', (error) => {
  process.stderr.write(`fault in the supervisor: ${error.stack ?? error.message}\n`);
  process.exitCode = 1;
  stopRequested.abort();
});

const print = (line: string) => process.stdout.write(`${line}\n`);
const report = (line: string) => print(`${new Date().toTimeString().slice(0, 8)} ${line}`);
const untilStopRequested = new Promise<void>((resolve) => {
  stopRequested.signal.addEventListener('abort', () => resolve(), { once: true });
});

try {
  const cluster = await startLocalCluster({ report, signal: stopRequested.signal });
  print(`ready ${cluster.url}`);
  print(`Ctrl-C stops it; its logs are in ${cluster.dataDir}/logs`);
  await untilStopRequested;
  report('stopping');
  await cluster.stop();
} catch (error) {
  if (!stopRequested.signal.aborted) {
    const reason = error instanceof ConfigError ? error.message : `start failed: ${String(error)}`;
    process.stderr.write(`${reason}\n`);
    process.exitCode = 1;
  }
}
process.exit();
