import { readdirSync, readFileSync, watch } from 'node:fs';
import { buildWebClient } from './build-web-client.ts';
import type { LocalCluster } from './start-local-cluster.ts';
import { workspacePath } from './workspace.ts';

/** An editor or `git checkout` writes several files at once: changes are collected for this long. */
const COLLECT_MS = 200;

const SCOPE = '@parley/';
const WEB_CLIENT = 'web-client';
/** Files under `packages/` that do not run: tests, builds, documents. */
const IGNORED = /(^|\/)(node_modules|dist|tests)(\/|$)|\.test\.tsx?$|\.contract\.ts$|\.md$/;
/** Files that run: sources, and all files of the web client. */
const SOURCES = /^[^/]+\/src\/|^web-client\//;

/** Restarts the services, and builds the web client, when a source file that they import changes. */
export function watchSources(
  cluster: Pick<LocalCluster, 'processes' | 'restart'>,
  report: (line: string) => void,
  packagesDir = workspacePath('packages'),
): { close(): Promise<void> } {
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let applying = Promise.resolve();
  const closing = new AbortController();
  const { signal } = closing;

  const watcher = watch(packagesDir, { recursive: true }, (_event, name) => {
    const file = name?.replaceAll('\\', '/') ?? '';
    if (signal.aborted || !SOURCES.test(file) || IGNORED.test(file)) return;
    changed.add(file);
    clearTimeout(timer);
    timer = setTimeout(() => {
      const files = [...changed];
      changed.clear();
      applying = applying
        .then(() => apply(files))
        .catch((error) => {
          if (!signal.aborted) report(String(error));
        });
    }, COLLECT_MS);
  });
  watcher.on('error', (error) => report(`cannot watch ${packagesDir}: ${error}`));

  /** Restarts one process at a time: the other processes of the service keep serving clients. */
  async function apply(files: readonly string[]): Promise<void> {
    const packages = new Set(files.map((file) => file.split('/', 1)[0] ?? ''));
    const affected = packagesImporting(packages, packagesDir);
    report(`changed: ${files.length > 3 ? `${files.length} files` : files.join(', ')}`);
    const broken = new Set<string>();
    for (const { name } of cluster.processes()) {
      const service = name.replace(/-\d+$/, '');
      if (signal.aborted || !affected.has(service) || broken.has(service)) continue;
      report(`restarting ${name}`);
      if (await cluster.restart(name)) continue;
      if (signal.aborted) return;
      broken.add(service);
      report(`${name} does not start with the changed sources; correct them, and it starts again`);
    }
    if (!signal.aborted && affected.has(WEB_CLIENT)) await buildWebClient(report, signal);
  }

  return {
    async close() {
      closing.abort();
      watcher.close();
      clearTimeout(timer);
      await applying;
    },
  };
}

/** Returns the packages that are in the set, or import one of it directly or through others. */
export function packagesImporting(changed: ReadonlySet<string>, packagesDir: string): Set<string> {
  const importsOf = new Map(readdirSync(packagesDir).map((name) => [name, workspaceImports(`${packagesDir}/${name}`)]));
  const affected = new Set(changed);
  for (let size = 0; size < affected.size; ) {
    size = affected.size;
    for (const [name, imports] of importsOf) if (imports.some((other) => affected.has(other))) affected.add(name);
  }
  return affected;
}

function workspaceImports(directory: string): string[] {
  try {
    const { dependencies = {} } = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    return Object.keys(dependencies)
      .filter((name) => name.startsWith(SCOPE))
      .map((name) => name.slice(SCOPE.length));
  } catch {
    return []; // not a package
  }
}
