import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { NetworkLink } from '@parley/load-kit/faults';
import { workspacePath } from '@parley/local-cluster';

/** Where `install-schemathesis.sh` installs it. */
const INSTALLED = workspacePath('.cache/schemathesis');
const COMMAND = join(INSTALLED, 'bin/schemathesis');
const REQUESTS_PER_SECOND = 25;
/** It ends its current request, and writes its report. */
const STOP_DEADLINE_MS = 15_000;

export const isSchemathesisInstalled = (): boolean => existsSync(COMMAND);

export interface SchemathesisOptions {
  readonly target: { readonly host: string; readonly port: number; readonly localAddress: string };
  readonly token: string;
  readonly seconds: number;
  readonly seed: number;
  /** Its output and its report are written here. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/**
 * Attacks every call of the API reference with schemathesis, an independent generator. The logs of the chat servers have the
 * requests that failed.
 *
 * @returns the number of requests that it sent
 */
export async function runSchemathesis(options: SchemathesisOptions): Promise<number> {
  const { target, token, seconds, seed, directory, signal } = options;
  const link = await NetworkLink.open(target);
  try {
    const output = createWriteStream(join(directory, 'schemathesis.log'));
    const report = join(directory, 'schemathesis.ndjson');
    const child = spawn(
      COMMAND,
      [
        ...['run', workspacePath('docs/openapi.json'), '--url', link.url, '--header', `Authorization: Bearer ${token}`],
        ...['--max-time', String(seconds), '--seed', String(seed), '--rate-limit', `${REQUESTS_PER_SECOND}/s`],
        ...['--checks', 'not_a_server_error', '--continue-on-failure', '--no-shrink', '--suppress-health-check', 'all'],
        ...['--generation-database', 'none', '--request-timeout', '10', '--no-color', '--warnings', 'off'],
        ...['--report', 'ndjson', '--report-ndjson-path', report],
      ],
      {
        cwd: directory,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, PYTHONPATH: [INSTALLED, process.env.PYTHONPATH].filter(Boolean).join(delimiter) },
      },
    );
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    const exited = once(child, 'exit');
    const stop = () => child.kill('SIGINT');
    const overdue = setTimeout(() => child.kill('SIGKILL'), seconds * 1_000 + STOP_DEADLINE_MS);
    signal.addEventListener('abort', stop, { once: true });
    await exited;
    clearTimeout(overdue);
    signal.removeEventListener('abort', stop);
    output.end();
    return countRequests(await readFile(report, 'utf8').catch(() => ''));
  } finally {
    await link.close();
  }
}

const countRequests = (report: string): number => report.split('"status_code"').length - 1;
