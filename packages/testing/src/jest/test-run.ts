import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** How long processes that were asked to stop may take before they count as left behind. */
const GRACE_MS = 5_000;
const CHECK_EVERY_MS = 50;

/**
 * One run of jest. A process that a test starts, directly or not, belongs to the run if the run's temporary directory occurs in its
 * environment, command line or working directory. The directory is the `TMPDIR` of the run.
 */
export interface TestRun {
  readonly directory: string;
  /** Ends the processes that still run and deletes the directory. @throws Error that names these processes */
  end(): Promise<void>;
}

export interface RunningProcess {
  readonly pid: number;
  readonly commandLine: string;
  /** Names the test file, if it is a directory of `newTemporaryDirectory`. */
  readonly workingDirectory: string;
}

/** Starts a run, and a watchdog that ends its processes when this process dies without calling `end`. */
export function beginTestRun(): TestRun {
  const directory = mkdtempSync(join(tmpdir(), 'parley-run-'));
  // The watchdog gets the directory on its standard input: it must not look like a process of the run.
  const watchdog = spawn(process.execPath, [join(import.meta.dirname, 'watchdog.ts')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env.PATH },
    detached: true, // Ctrl-C ends the foreground process group, and the watchdog must outlive it.
  });
  const exited = once(watchdog, 'exit');
  watchdog.stdin.write(`${directory}\n`);
  // Neither keeps jest alive while it has nothing else to do.
  watchdog.unref();
  if (watchdog.stdin instanceof Socket) watchdog.stdin.unref();
  process.env.TMPDIR = directory;
  return {
    directory,
    async end() {
      const leftovers = await remainingProcesses(directory);
      watchdog.ref();
      watchdog.stdin.end();
      await exited;
      if (leftovers.length === 0) return;
      const names = leftovers
        .map(({ pid, commandLine, workingDirectory }) => `  ${pid} ${commandLine} in ${workingDirectory}`)
        .join('\n');
      throw new Error(`Tests left processes running. They were ended:\n${names}`);
    },
  };
}

/** Kills the processes of a run until none is left, then deletes its directory. */
export async function cleanUp(directory: string): Promise<void> {
  for (;;) {
    const processes = processesOf(directory);
    if (processes.length === 0) break;
    for (const { pid } of processes) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended since.
      }
    }
    await pause(CHECK_EVERY_MS);
  }
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

async function remainingProcesses(directory: string): Promise<RunningProcess[]> {
  const endsAt = performance.now() + GRACE_MS;
  for (;;) {
    const processes = processesOf(directory);
    if (processes.length === 0 || performance.now() > endsAt) return processes;
    await pause(CHECK_EVERY_MS);
  }
}

/** Only Linux shows the environment of other processes; elsewhere a run relies on the teardown of its test files. */
function processesOf(directory: string): RunningProcess[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((pid) => {
      const commandLine = read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
        .replaceAll('\0', ' ')
        .trim();
      const environment = read(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
      // Redis overwrites both of them with its title.
      const workingDirectory = read(() => readlinkSync(`/proc/${pid}/cwd`));
      return [commandLine, environment, workingDirectory].some((text) => text.includes(directory))
        ? [{ pid: Number(pid), commandLine, workingDirectory }]
        : [];
    });
}

/** Returns '' for a process that has ended or belongs to another user. */
function read(source: () => string): string {
  try {
    return source();
  } catch {
    return '';
  }
}
