import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '@parley/service-kit';
import { findProcess } from './process-table.ts';
import { writeAtomically } from './write-atomically.ts';

/** A process that the supervisor started, noted so that a later start can find it and be sure that it is the one. */
export interface ProcessRecord {
  readonly name: string;
  readonly pid: number;
  readonly startedAt: string;
  /** Part of its command line. */
  readonly program: string;
}

interface SupervisorRecord {
  readonly pid: number;
  readonly processes: readonly ProcessRecord[];
}

/** One supervisor's hold on a data directory. */
export interface DataDirLock {
  /** What an earlier supervisor noted and did not take back: it died before it could stop them. */
  readonly abandoned: readonly ProcessRecord[];
  note(processes: readonly ProcessRecord[]): void;
  release(): void;
}

/**
 * Claims a data directory for this process. The lock is the operating system's, on a file: it ends with the process
 * that holds it, however that dies, so there is no such thing as a stale one.
 *
 * @throws ConfigError when another supervisor has it or it cannot be written
 */
export function lockDataDir(directory: string): DataDirLock {
  const recordPath = join(directory, 'supervisor.json');
  try {
    for (const part of ['logs', 'nginx', 'redis']) makeDirectory(join(directory, part));
    chmodSync(directory, 0o700);
  } catch (error) {
    throw new ConfigError(
      `DATA_DIR is "${directory}": it cannot be written (${(error as NodeJS.ErrnoException).code}); allowed: a directory of this user`,
    );
  }
  const lock = takeLock(join(directory, 'cluster.lock'));
  if (!lock) {
    const holder = readRecord(recordPath)?.pid;
    const known = holder !== undefined && findProcess(holder) ? ` (pid ${holder})` : '';
    throw new ConfigError(
      `DATA_DIR is "${directory}": a cluster already runs there${known}; stop it, or set DATA_DIR to another directory`,
    );
  }
  const abandoned = readRecord(recordPath)?.processes ?? [];
  const note = (processes: readonly ProcessRecord[]) => {
    const record: SupervisorRecord = { pid: process.pid, processes };
    writeAtomically(recordPath, JSON.stringify(record), 0o600);
  };
  note(abandoned);
  return { abandoned, note, release: () => lock.close() };
}

/** Node's own recursive mkdir never returns below a file system that refuses every new directory, such as /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
}

/** SQLite's exclusive lock, here without any data. */
function takeLock(path: string): DatabaseSync | undefined {
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (/locked/.test(String(error))) return undefined;
    throw error;
  }
}

function readRecord(path: string): SupervisorRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SupervisorRecord;
  } catch {
    return undefined; // never written, or by another release
  }
}
