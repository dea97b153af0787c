// Preloaded into every chat server under test. On SIGUSR2 it writes the resident memory after a garbage collection, and the longest
// block of the event loop since the previous signal.
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
    // The garbage collection blocked the event loop. Reset after the monitor has recorded that.
    setTimeout(() => {
      delay.reset();
      const file = join(process.env.BENCH_PROBE_DIR ?? '.', `${process.pid}.json`);
      writeFileSync(`${file}.new`, JSON.stringify({ rssBytes: rss, blockedMs }));
      renameSync(`${file}.new`, file);
    }, SETTLE_MS);
  });
}
