import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { LogFiles } from './log-files.ts';
import type { ReadinessProbe } from './readiness-probes.ts';

/** What runs, and how to tell that it does. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Whether it speaks IPC; it then also notices when the supervisor is gone. */
  readonly ipc: boolean;
  /** Part of the command line by which it is recognised. */
  readonly program: string;
  readonly port: number;
  /** Port of `/metrics`; null = it has none. */
  readonly metricsPort: number | null;
  readonly readinessProbe: ReadinessProbe;
  readonly startDeadlineMs: number;
  readonly stopSignal: NodeJS.Signals;
}

export interface Supervision {
  readonly logs: LogFiles;
  /** One line for each event. */
  report(line: string): void;
  /** Told whenever a process appears, is up or is gone. */
  changed(): void;
}

const FIRST_RESTART_MS = 100;
const LONGEST_RESTART_MS = 5_000;
const STABLE_AFTER_MS = 10_000;

/**
 * One process that is kept running, in a process group of its own: a Ctrl-C on the terminal reaches only the supervisor, which
 * stops everything in order.
 *
 * `idle` → `starting` → `up`, and `stopped` from everywhere, for good. A process that dies, or is not up in time and is
 * therefore killed, goes to `waiting`: 100 ms, doubling to 5 s, from the beginning again once one was up for 10 s. Then it
 * is `starting` once more, on the same ports.
 */
export class SupervisedProcess {
  readonly spec: ProcessSpec;
  /** Resolves when it is up for the first time. */
  readonly firstUp: Promise<void>;
  readonly #supervision: Supervision;
  readonly #resolveFirstUp: () => void;
  #state: 'idle' | 'starting' | 'up' | 'waiting' | 'stopped' = 'idle';
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #restart: NodeJS.Timeout | undefined;
  #failures = 0;
  /** Since when it is up, `performance.now()`. */
  #upSince: number | undefined;

  constructor(spec: ProcessSpec, supervision: Supervision) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.spec = spec;
    this.firstUp = promise;
    this.#resolveFirstUp = resolve;
    this.#supervision = supervision;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  start(): void {
    if (this.#state !== 'idle' && this.#state !== 'waiting') return;
    const { spec } = this;
    const { logs } = this.#supervision;
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
    this.#child = child;
    const ended = new AbortController();
    const { promise: exited, resolve: resolveExited } = Promise.withResolvers<void>();
    this.#exited = exited;
    const onEnd = (how: string) => {
      ended.abort();
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      this.#onEnd(how, logSize);
      resolveExited();
    };
    child.on('error', (error) => {
      if (child.pid === undefined) onEnd(error.message);
    });
    child.once('exit', (code, signal) => onEnd(signal ?? `exit code ${code}`));
    this.#supervision.changed();
    this.#watchStart(child, ended.signal);
  }

  /** Sends a signal; false = it does not run right now. */
  kill(signal: NodeJS.Signals): boolean {
    return this.#child?.kill(signal) ?? false;
  }

  /** Ends it for good: politely, and by SIGKILL, with its whole group, after `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    const wasStopped = this.#state === 'stopped';
    this.#state = 'stopped';
    clearTimeout(this.#restart);
    const child = this.#child;
    if (!child) return;
    if (!wasStopped) child.kill(this.spec.stopSignal);
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
      },
      () => {
        if (ended.aborted || this.#state !== 'starting') return;
        this.#supervision.report(`${spec.name} was not up within ${spec.startDeadlineMs} ms`);
        child.kill('SIGKILL');
      },
    );
  }

  #onEnd(how: string, logSize: number): void {
    const { name } = this.spec;
    const { logs, report, changed } = this.#supervision;
    this.#child = undefined;
    if (this.#state === 'stopped') {
      report(`${name} stopped`);
      changed();
      return;
    }
    const lastLine = this.#state === 'starting' ? logs.lastLineSince(name, logSize) : '';
    const upSince = this.#upSince ?? Number.POSITIVE_INFINITY;
    if (performance.now() - upSince >= STABLE_AFTER_MS) this.#failures = 0;
    const restartMs = Math.min(LONGEST_RESTART_MS, FIRST_RESTART_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#state = 'waiting';
    this.#restart = setTimeout(() => this.start(), restartMs);
    report(
      `${name} died (${lastLine ? `${how}: ${lastLine}` : how}), restarting in ${restartMs} ms; see ${logs.pathOf(name)}`,
    );
    changed();
  }
}

/** What a leader leaves in its group goes with it: nginx's workers would go on serving, with an old configuration. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing is left of the group.
  }
}
