// Loaded into every server under test before its own code, the rival's and ours alike: on SIGUSR2 it writes what the process
// holds in memory, after a collection, and the longest time that its event loop was blocked since the last one.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION_MS = 5;
const SETTLE_MS = 50;

if (isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  process.on('SIGUSR2', () => {
    const blockedMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
    globalThis.gc?.();
    const { rss } = process.memoryUsage();
    // The collection itself blocked the loop: the next reading begins once that was noticed.
    setTimeout(() => {
      delay.reset();
      const file = join(process.env.BENCH_PROBE_DIR ?? '.', `${process.pid}.json`);
      writeFileSync(`${file}.new`, JSON.stringify({ rssBytes: rss, blockedMs }));
      renameSync(`${file}.new`, file);
    }, SETTLE_MS);
  });
}
