import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CSV_FIELDS, type UserGroup } from './create-users.ts';
import { BARRIER_DIRECTORY, EVENTS_FILE, PROCESS_INDEX, SAMPLES_FILE } from './samples.ts';
import type { Scenario } from './scenario-file.ts';

const ARTILLERY = fileURLToPath(new URL('../../artillery-runtime/node_modules/artillery/bin/run', import.meta.url));
const ONE_THREAD = new URL('./one-thread.mjs', import.meta.url).href;
/** A longer run is stopped. */
const RUN_DEADLINE_MS = 900_000;
const STOP_DEADLINE_MS = 5_000;

/** The result of one Artillery process. */
export interface ProcessOutcome {
  readonly exitCode: number;
  /** Artillery's own counters. Empty if it wrote no report. */
  readonly counters: Readonly<Record<string, number>>;
  /** The results of the `ensure` conditions. */
  readonly checks: readonly { text: string; ok: boolean }[];
  readonly logFile: string;
}

export interface ArtilleryRun {
  readonly samplesFiles: readonly string[];
  readonly eventFiles: readonly string[];
  readonly finished: Promise<readonly ProcessOutcome[]>;
}

export function isArtilleryInstalled(): boolean {
  return existsSync(ARTILLERY);
}

/** Starts one Artillery process per group. With `chaos` the clients record events, and the checker replaces `ensure`. */
export function runArtillery(
  scenario: Scenario,
  groups: readonly UserGroup[],
  { url, directory, chaos, signal }: { url: string; directory: string; chaos: boolean; signal: AbortSignal },
): ArtilleryRun {
  const fileOf = (index: number, ending: string) => join(directory, `process-${index + 1}.${ending}`);
  const samplesFiles = groups.map((_, index) => fileOf(index, 'samples.jsonl'));
  const eventFiles = chaos ? groups.map((_, index) => fileOf(index, 'events.jsonl')) : [];
  const outcomes = groups.map(async (group, index): Promise<ProcessOutcome> => {
    const [reportFile, logFile] = [fileOf(index, 'report.json'), fileOf(index, 'log')];
    const child = spawn(process.execPath, argumentsOf(scenario, group, { url, reportFile }), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
        ARTILLERY_DISABLE_TELEMETRY: '1',
        FORCE_COLOR: '0',
        [SAMPLES_FILE]: samplesFiles[index],
        [PROCESS_INDEX]: String(index),
        [BARRIER_DIRECTORY]: directory,
        ...(chaos && { [EVENTS_FILE]: eventFiles[index], ARTILLERY_DISABLE_ENSURE: '1' }),
      },
    });
    const log = createWriteStream(logFile);
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const exitCode = await exitCodeOf(child, signal);
    log.end();
    await once(log, 'finish');
    return {
      exitCode,
      counters: countersIn(reportFile),
      checks: checksIn(readFileSync(logFile, 'utf8')),
      logFile,
    };
  });
  return { samplesFiles, eventFiles, finished: Promise.all(outcomes) };
}

function argumentsOf(
  { file }: Scenario,
  { pool, users, csvFile }: UserGroup,
  { url, reportFile }: { url: string; reportFile: string },
): string[] {
  const overrides = {
    config: {
      phases: [{ duration: pool.arriveWithinSeconds, arrivalCount: users.length }],
      payload: [{ path: csvFile, fields: CSV_FIELDS, order: 'sequence', cast: false }],
    },
  };
  return [
    ...['--import', ONE_THREAD, ARTILLERY, 'run', file],
    ...['--target', url, '--scenario-name', pool.scenario],
    ...['--overrides', JSON.stringify(overrides), '--output', reportFile],
  ];
}

async function exitCodeOf(child: ChildProcess, signal: AbortSignal): Promise<number> {
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(-1));
    child.once('close', (code) => resolve(code ?? -1));
  });
  const overdue = AbortSignal.any([signal, AbortSignal.timeout(RUN_DEADLINE_MS)]);
  let killTimer: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill('SIGTERM');
    killTimer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  };
  overdue.addEventListener('abort', stop, { once: true });
  if (overdue.aborted) stop();
  const exitCode = await ended;
  overdue.removeEventListener('abort', stop);
  clearTimeout(killTimer);
  return exitCode;
}

function countersIn(reportFile: string): Record<string, number> {
  try {
    const report = JSON.parse(readFileSync(reportFile, 'utf8')) as {
      aggregate?: { counters?: Record<string, number> };
    };
    return report.aggregate?.counters ?? {};
  } catch {
    return {}; // it exited without a report, which its exit code shows
  }
}

/** Artillery prints the results of `ensure` to its log only. */
function checksIn(log: string): { text: string; ok: boolean }[] {
  return [...log.matchAll(/^(ok|fail): (.+)$/gm)].map(([, verdict, text = '']) => ({ text, ok: verdict === 'ok' }));
}
