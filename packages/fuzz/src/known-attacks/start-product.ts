import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ProcessEntry } from '@parley/local-cluster';

const CHECKOUT = fileURLToPath(new URL('../../../..', import.meta.url));
const STOP_WITH_PARENT = new URL('../../../cli/bootstrap/stop-with-parent.mjs', import.meta.url).href;
const READY_DEADLINE_MS = 300_000;
const STOP_DEADLINE_MS = 30_000;
const JWT_SECRET = 'the secret of a cluster that is attacked on purpose';

/** The defaults of `npm start`: those of one's own machine, or those of a public address. */
export const DEFAULTS = {
  local: { NODE_ENV: '' },
  production: { NODE_ENV: 'production' },
} as const;

export type Defaults = keyof typeof DEFAULTS;

export interface Product {
  readonly url: string;
  /** Returns the processes that are up. */
  processes(): ProcessEntry[];
  stop(): Promise<void>;
}

/**
 * Starts the product as `npm start` does it, with its settings as environment variables, also from a checkout of another version.
 *
 * @param options.checkout the directory of the checkout, with its packages installed; by default this one
 * @param options.directory for data and logs
 */
export async function startProduct(options: {
  readonly checkout?: string | undefined;
  readonly directory: string;
  readonly port: number;
  readonly defaults: Defaults;
  readonly settings?: Readonly<Record<string, string>> | undefined;
  readonly signal: AbortSignal;
}): Promise<Product> {
  const { checkout = CHECKOUT, directory, port, defaults, settings, signal } = options;
  const dataDir = join(directory, 'data');
  const child = spawn(
    join(checkout, 'node_modules/node/bin/node'),
    ['--import', STOP_WITH_PARENT, 'packages/local-cluster/src/main.ts'],
    {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...Object.fromEntries(['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR'].map((name) => [name, process.env[name]])),
        ...DEFAULTS[defaults],
        ...{ JWT_SECRET, PORT: String(port), DATA_DIR: dataDir, NODES: '3', WORKERS: '1' },
        ...settings,
      },
    },
  );
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  const output: string[] = [];
  const stop = async () => {
    child.kill('SIGTERM');
    const killed = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(killed);
  };
  const started = new AbortController();
  try {
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error('the cluster was not ready in time')), READY_DEADLINE_MS);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: started.signal });
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`the cluster did not start:\n${output.join('\n')}`)));
      for (const stream of [child.stdout, child.stderr]) {
        createInterface(stream).on('line', (line) => {
          if (line.startsWith('ready ')) {
            clearTimeout(deadline);
            resolve();
          } else if (output.length < 100) output.push(line);
        });
      }
    });
  } catch (error) {
    if (child.pid !== undefined && child.exitCode === null) await stop();
    throw error;
  } finally {
    started.abort();
  }
  return {
    url: `http://127.0.0.1:${port}`,
    processes: () => JSON.parse(readFileSync(join(dataDir, 'processes.json'), 'utf8')) as ProcessEntry[],
    stop,
  };
}
