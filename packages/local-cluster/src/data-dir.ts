import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '@parley/service-kit';
import { findProcess } from './process-table.ts';
import { writeAtomically } from './write-atomically.ts';

/** Identifies a process that the supervisor started. The start time protects against a reused pid. */
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

/** The exclusive lock of one supervisor on a data directory. */
export interface DataDirLock {
  /** The processes that the previous supervisor recorded last. They may still run if it was killed. */
  readonly orphans: readonly ProcessRecord[];
  /** Replaces the record of the processes that run. */
  record(processes: readonly ProcessRecord[]): void;
  release(): void;
}

/**
 * Locks a data directory for this process, and creates it if necessary. The operating system releases the file lock when the
 * process ends, even if it is killed, so no stale lock remains.
 *
 * @throws ConfigError if another supervisor holds the lock or the directory cannot be written
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
  const lock = openLock(join(directory, 'cluster.lock'));
  if (!lock) {
    const holder = readRecord(recordPath)?.pid;
    const known = holder !== undefined && findProcess(holder) ? ` (pid ${holder})` : '';
    throw new ConfigError(
      `DATA_DIR is "${directory}": a cluster already runs there${known}; stop it, or set DATA_DIR to another directory`,
    );
  }
  const orphans = readRecord(recordPath)?.processes ?? [];
  const record = (processes: readonly ProcessRecord[]) => {
    const content: SupervisorRecord = { pid: process.pid, processes };
    writeAtomically(recordPath, JSON.stringify(content), 0o600);
  };
  record(orphans);
  return { orphans, record, release: () => lock.close() };
}

/** Creates a directory with its parents. Node's recursive `mkdirSync` loops forever below /proc. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path);
}

/** Uses SQLite's exclusive file lock, which works on every system. @returns undefined if another process holds it */
function openLock(path: string): DatabaseSync | undefined {
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
    return undefined; // missing, or written by another release
  }
}
