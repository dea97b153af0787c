import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { eventually, newTemporaryDirectory } from '@parley/testing';
import type { ProcessEntry } from './process-files.ts';
import { packagesImporting, watchSources } from './watch-sources.ts';

const packagesDir = await newTemporaryDirectory();
function write(file: string, content = ''): void {
  const path = join(packagesDir, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
const writePackage = (name: string, imports: string[]) => {
  write(
    `${name}/package.json`,
    JSON.stringify({ dependencies: Object.fromEntries(imports.map((each) => [`@parley/${each}`, 'workspace:*'])) }),
  );
  write(`${name}/src/main.ts`);
};
writePackage('leases', []);
writePackage('message-log', []);
writePackage('admission', ['leases']);
writePackage('chat-server', ['admission', 'message-log']);
writePackage('message-worker', ['message-log']);

const opened: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(opened.splice(0).map((one) => one.close())));

/** Watches with a cluster of two chat servers and a worker. @returns the names of the restarted processes */
function watchWith(restart: (name: string) => Promise<boolean>) {
  const restarted: string[] = [];
  const entry = (name: string): ProcessEntry => ({ name, pid: 1, port: 1, metricsPort: null });
  const cluster = {
    processes: () => ['redis', 'chat-server-1', 'chat-server-2', 'message-worker-1'].map(entry),
    restart(name: string) {
      restarted.push(name);
      return restart(name);
    },
  };
  const lines: string[] = [];
  opened.push(watchSources(cluster, (line) => lines.push(line), packagesDir));
  return { restarted, lines };
}

test('the packages that a change affects are found through all packages between', () => {
  expect([...packagesImporting(new Set(['leases']), packagesDir)].sort()).toEqual([
    'admission',
    'chat-server',
    'leases',
  ]);
});

test('a changed source restarts the processes that import it, one after the other', async () => {
  let atOnce = 0;
  const { restarted } = watchWith(async () => {
    atOnce += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(atOnce).toBe(1);
    atOnce -= 1;
    return true;
  });
  write('leases/src/main.ts', '// changed');
  await eventually(() => expect(restarted).toEqual(['chat-server-1', 'chat-server-2']));
  write('message-worker/src/main.test.ts', '// a test is not imported');
  write('message-log/src/main.ts', '// changed');
  await eventually(() => expect(restarted.slice(2)).toEqual(['chat-server-1', 'chat-server-2', 'message-worker-1']));
});

test('when a process does not start with the changed sources, the others of its service keep running', async () => {
  const { restarted, lines } = watchWith(async (name) => name !== 'chat-server-1');
  write('message-log/src/main.ts', '// a syntax error');
  await eventually(() => expect(restarted).toEqual(['chat-server-1', 'message-worker-1']));
  expect(lines).toContainEqual(expect.stringContaining('chat-server-1 does not start with the changed sources'));
});
