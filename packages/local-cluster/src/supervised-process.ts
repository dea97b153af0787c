import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { CONFIG_ERROR_EXIT_CODE, ConfigError } from '@parley/service-kit';
import type { LogFiles } from './log-files.ts';
import type { ProcessGuard } from './process-guard.ts';
import type { ReadinessProbe } from './readiness-probes.ts';

/** A program to run, and the way to recognise that it is ready. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Whether it has an IPC channel to the supervisor; a service stops when that closes. */
  readonly ipc: boolean;
  /** Part of its command line. A later start recognises an orphaned process by it. */
  readonly program: string;
  readonly port: number;
  /** Port of `/metrics`; null if it has none. */
  readonly metricsPort: number | null;
  readonly readinessProbe: ReadinessProbe;
  readonly startDeadlineMs: number;
  readonly stopSignal: NodeJS.Signals;
}

/** The parts of a supervisor that all its processes share. */
export interface Supervision {
  readonly logs: LogFiles;
  readonly guard: ProcessGuard;
  /** Receives one line for each event. */
  report(line: string): void;
  /** Called when a process has been started, is up, or has ended. */
  changed(): void;
}

const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 5_000;
const STABLE_AFTER_MS = 10_000;

/**
 * A process that is restarted when it ends. It runs in a process group of its own: Ctrl-C on the terminal reaches only the
 * supervisor, which then stops all processes in order.
 *
 * States:
 * - `idle`: not started yet.
 * - `starting`: it runs, and its readiness probe has not succeeded yet. A process that misses its start deadline is killed.
 * - `up`: it is ready.
 * - `waiting`: it has ended and is restarted, on the same ports, after a delay: 100 ms, doubled by each failure up to 5 s. The
 *   delay starts at 100 ms again after a run of 10 s.
 * - `restarting`: `restart` has asked it to end; the next process starts without delay.
 * - `stopped`: `stop` was called. This state is final.
 */
export class SupervisedProcess {
  readonly spec: ProcessSpec;
  /** Resolves when it is up for the first time. Rejects with a `ConfigError` when it ends before that because of a wrong setting. */
  readonly firstUp: Promise<void>;
  readonly #supervision: Supervision;
  readonly #resolveFirstUp: () => void;
  readonly #rejectFirstUp: (error: ConfigError) => void;
  #state: 'idle' | 'starting' | 'up' | 'waiting' | 'restarting' | 'stopped' = 'idle';
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  /** Settles for the current process: true when it is up, false if it ends before that. */
  #isUpOrEnded = Promise.withResolvers<boolean>();
  #restartTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  /** Time of `performance.now()` at which it was up. */
  #upSince: number | undefined;

  constructor(spec: ProcessSpec, supervision: Supervision) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => undefined);
    this.spec = spec;
    this.firstUp = promise;
    this.#resolveFirstUp = resolve;
    this.#rejectFirstUp = reject;
    this.#supervision = supervision;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  start(): void {
    if (this.#state !== 'idle' && this.#state !== 'waiting' && this.#state !== 'restarting') return;
    const { spec } = this;
    const { logs, guard } = this.#supervision;
    const kind = spec.ipc ? 'service' : 'server';
    this.#isUpOrEnded = Promise.withResolvers<boolean>();
    this.#state = 'starting';
    this.#upSince = undefined;
    const logSize = logs.sizeOf(spec.name);
    const log = logs.open(spec.name);
    const child = spawn(spec.command, spec.args, {
      env: spec.env,
      detached: true,
      stdio: spec.ipc ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
    });
    closeSync(log);
    if (child.pid !== undefined) guard.started(kind, child.pid);
    this.#child = child;
    const ended = new AbortController();
    const { promise: exited, resolve: resolveExited } = Promise.withResolvers<void>();
    this.#exited = exited;
    const onEnd = (how: string, exitCode: number | null = null) => {
      ended.abort();
      if (child.pid !== undefined) {
        signalGroup(child.pid, 'SIGKILL');
        guard.ended(kind, child.pid);
      }
      this.#onEnd(how, exitCode, logSize);
      resolveExited();
    };
    child.on('error', (error) => {
      if (child.pid === undefined) onEnd(error.message);
    });
    child.once('exit', (code, signal) => onEnd(signal ?? `exit code ${code}`, code));
    this.#supervision.changed();
    this.#watchStart(child, ended.signal);
  }

  /** Sends a signal. @returns false if no process runs */
  kill(signal: NodeJS.Signals): boolean {
    return this.#child?.kill(signal) ?? false;
  }

  /** Stops it: with its stop signal first, and after `deadlineMs` with SIGKILL to its process group. It is not restarted. */
  async stop(deadlineMs: number): Promise<void> {
    const wasStopped = this.#state === 'stopped';
    this.#state = 'stopped';
    clearTimeout(this.#restartTimer);
    if (!wasStopped) this.#child?.kill(this.spec.stopSignal);
    await this.#killAfter(deadlineMs);
  }

  /**
   * Replaces it by a new process: ends it as `stop` does, and starts the next one without delay.
   *
   * @returns true when the new process is up, false if it ended before that
   */
  async restart(deadlineMs: number): Promise<boolean> {
    if (this.#state === 'idle' || this.#state === 'stopped') return false;
    clearTimeout(this.#restartTimer);
    this.#failures = 0;
    if (this.#child) {
      this.#state = 'restarting';
      this.#child.kill(this.spec.stopSignal);
      await this.#killAfter(deadlineMs);
    } else {
      this.start();
    }
    return !this.#isStopped() && this.#isUpOrEnded.promise;
  }

  /** As a method, because the compiler does not expect the state to change during an `await`. */
  #isStopped(): boolean {
    return this.#state === 'stopped';
  }

  async #killAfter(deadlineMs: number): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const timer = setTimeout(() => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
    }, deadlineMs);
    await this.#exited;
    clearTimeout(timer);
  }

  #watchStart(child: ChildProcess, ended: AbortSignal): void {
    const { spec } = this;
    const overdue = AbortSignal.timeout(spec.startDeadlineMs);
    spec.readinessProbe(child, AbortSignal.any([ended, overdue])).then(
      () => {
        if (ended.aborted || this.#state !== 'starting') return;
        this.#state = 'up';
        this.#upSince = performance.now();
        this.#supervision.report(`${spec.name} started (pid ${child.pid}, port ${spec.port})`);
        this.#supervision.changed();
        this.#resolveFirstUp();
        this.#isUpOrEnded.resolve(true);
      },
      () => {
        if (ended.aborted || this.#state !== 'starting') return;
        this.#supervision.report(`${spec.name} was not up within ${spec.startDeadlineMs} ms`);
        child.kill('SIGKILL');
      },
    );
  }

  #onEnd(how: string, exitCode: number | null, logSize: number): void {
    const { name } = this.spec;
    const { logs, report, changed } = this.#supervision;
    this.#child = undefined;
    this.#isUpOrEnded.resolve(false);
    if (this.#state === 'restarting') {
      this.start();
      return;
    }
    if (this.#state === 'stopped') {
      report(`${name} stopped`);
      changed();
      return;
    }
    const lastLine = this.#state === 'starting' ? logs.lastLineSince(name, logSize) : '';
    if (exitCode === CONFIG_ERROR_EXIT_CODE) this.#rejectFirstUp(new ConfigError(lastLine || how));
    const upSince = this.#upSince ?? Number.POSITIVE_INFINITY;
    if (performance.now() - upSince >= STABLE_AFTER_MS) this.#failures = 0;
    const restartMs = Math.min(MAX_RESTART_MS, FIRST_RESTART_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#state = 'waiting';
    this.#restartTimer = setTimeout(() => this.start(), restartMs);
    report(
      `${name} died (${lastLine ? `${how}: ${lastLine}` : how}), restarting in ${restartMs} ms; see ${logs.pathOf(name)}`,
    );
    changed();
  }
}

/** Ends the rest of a group whose leader has ended: nginx's workers would keep serving an old configuration. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is empty.
  }
}
