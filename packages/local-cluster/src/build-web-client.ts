import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { workspacePath } from './workspace.ts';

const BUILD_DEADLINE_MS = 180_000;

const PACKAGE = workspacePath('packages/web-client');
const CACHE = workspacePath('.cache');
const SOURCES = ['packages/web-client', 'packages/client', 'packages/protocol', 'pnpm-lock.yaml'];
const NOT_SOURCES = /(^|\/)(node_modules|dist|tests)(\/|$)|\.test\.tsx?$/;

/** The directory with the built web client. */
export const WEB_ROOT = join(PACKAGE, 'dist');

/** Builds the web client if its sources have changed since it was built last. */
export async function buildWebClient(report: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const stamp = join(CACHE, 'web-client.sha256');
  const sources = await hashSources();
  if (existsSync(join(WEB_ROOT, 'index.html')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
  report('building the web client');
  const startedAt = performance.now();
  mkdirSync(CACHE, { recursive: true });
  // Built in another directory and moved: a running cluster never serves a partial build.
  const built = join(CACHE, `web-client-${process.pid}`);
  await runVite(built, signal);
  const replaced = `${built}-replaced`;
  if (existsSync(WEB_ROOT)) renameSync(WEB_ROOT, replaced);
  renameSync(built, WEB_ROOT);
  rmSync(replaced, { recursive: true, force: true });
  writeFileSync(stamp, sources);
  report(`web client built in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
}

async function runVite(outDir: string, signal?: AbortSignal): Promise<void> {
  const logPath = join(CACHE, 'web-client-build.log');
  const log = openSync(logPath, 'w');
  const vite = join(PACKAGE, 'node_modules/vite/bin/vite.js');
  const child = spawn(process.execPath, [vite, 'build', '--outDir', outDir, '--emptyOutDir'], {
    cwd: PACKAGE,
    env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'production' },
    stdio: ['ignore', log, log],
    signal: AbortSignal.any([AbortSignal.timeout(BUILD_DEADLINE_MS), ...(signal ? [signal] : [])]),
  });
  closeSync(log);
  const [code, endedBy] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) {
    throw new Error(
      `building the web client failed (${endedBy ?? `exit code ${code}`}):\n${readFileSync(logPath, 'utf8').trimEnd()}`,
    );
  }
}

async function hashSources(): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  for (const source of SOURCES) {
    for (const file of await filesOf(source)) hash.update(`\0${file}\0`).update(await readFile(workspacePath(file)));
  }
  return hash.digest('hex');
}

async function filesOf(source: string): Promise<string[]> {
  const path = workspacePath(source);
  if (source.endsWith('.yaml')) return [source];
  const entries = await readdir(path, { withFileTypes: true });
  const files: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = `${source}/${entry.name}`;
    if (NOT_SOURCES.test(name)) continue;
    if (entry.isDirectory()) files.push(...(await filesOf(name)));
    else if (entry.isFile()) files.push(name);
  }
  return files;
}
