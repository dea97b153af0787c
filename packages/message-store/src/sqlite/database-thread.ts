import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { backoffMs, DeadlineExceeded, type Logger, withDeadline } from '@parley/service-kit';
import { StoreUnavailable } from '../store.ts';
import { isUnavailable } from './errors.ts';
import type { ArgumentsOf, OperationName, ResultOf } from './operations.ts';
import { monotonicMs, type ThreadOptions, type ThreadReply, type ThreadRequest } from './thread-protocol.ts';

/** The longest queue of a thread. Beyond it the store cannot keep up, and calls fail at once. */
const MAX_CALLS = 1_000;

/** The objects of a thread are short-lived. By default tens of megabytes would accumulate before a collection. */
const YOUNG_GENERATION_MB = 4;

interface Call {
  settle(reply: Extract<ThreadReply, { callId: number }>): void;
}

/**
 * The main thread's handle of a worker thread that owns one connection to the database.
 *
 * - starting: the thread opens the database. Calls wait in its port. Then ready.
 * - ready: the thread runs calls in order. If it dies, then ended.
 * - ended: pending calls have failed, and new ones fail at once. After an increasing pause, starting.
 * - closed: reached by `close` from every state, after the earlier calls. Calls fail at once.
 */
export class DatabaseThread {
  readonly #options: ThreadOptions;
  readonly #deadlineMs: number;
  readonly #logger: Logger;
  /** The uncompleted calls, including those whose callers gave up: `MAX_CALLS` bounds the whole queue. */
  readonly #calls = new Map<number, Call>();
  readonly #firstReady = Promise.withResolvers<void>();
  /** The requests of this turn of the event loop. They are sent at its end. */
  #outgoing: ThreadRequest[] = [];
  #worker: Worker | undefined;
  #lastCallId = 0;
  #failures = 0;
  #lastFault: unknown;
  #restartTimer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #closing: Promise<void> | undefined;

  /** @param options.deadlineMs the longest time that a caller waits for a result */
  constructor(options: ThreadOptions & { deadlineMs: number; logger: Logger }) {
    const { deadlineMs, logger, ...threadOptions } = options;
    this.#options = threadOptions;
    this.#deadlineMs = deadlineMs;
    this.#logger = logger;
    this.#start();
  }

  /** Resolves when the database is open for the first time. Rejects if it cannot be opened in time. */
  async opened(deadlineMs: number): Promise<void> {
    try {
      await withDeadline(this.#firstReady.promise, deadlineMs, `opening ${this.#options.path}`);
    } catch (error) {
      throw new StoreUnavailable(`${this.#options.path} cannot be opened`, { cause: this.#lastFault ?? error });
    }
  }

  /**
   * Runs an operation. Rejects with `StoreUnavailable` if the thread has died, its queue is full or it does not respond in time.
   */
  async call<Name extends OperationName>(operation: Name, ...args: ArgumentsOf<Name>): Promise<ResultOf<Name>> {
    if (this.#isClosed) throw new StoreUnavailable('the store is closed');
    if (!this.#worker) throw new StoreUnavailable('the database thread is down', { cause: this.#lastFault });
    if (this.#calls.size >= MAX_CALLS) throw new StoreUnavailable(`${MAX_CALLS} calls are waiting for the database`);
    const callId = ++this.#lastCallId;
    const { promise, resolve, reject } = Promise.withResolvers<ResultOf<Name>>();
    this.#calls.set(callId, {
      settle(reply) {
        if (reply.kind === 'result') resolve(reply.result as ResultOf<Name>);
        else if (reply.isUnavailable) reject(new StoreUnavailable(reply.error.message, { cause: reply.error }));
        else reject(new Error(`${operation}: ${reply.error.message}`, { cause: reply.error }));
      },
    });
    this.#post({ kind: 'call', callId, operation, args, expiresAtMs: monotonicMs() + this.#deadlineMs });
    try {
      return await withDeadline(promise, this.#deadlineMs, operation);
    } catch (error) {
      throw error instanceof DeadlineExceeded ? new StoreUnavailable(error.message, { cause: error }) : error;
    }
  }

  /** Completes the earlier calls and closes the database. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#restartTimer);
    const worker = this.#worker;
    if (!worker) return;
    const exited = once(worker, 'exit');
    this.#post({ kind: 'close' });
    try {
      await withDeadline(exited, this.#deadlineMs, 'closing the database');
    } catch (error) {
      this.#logger.warn({ err: error, role: this.#options.role }, 'database thread did not close, terminating it');
      await worker.terminate();
    }
  }

  #start(): void {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: this.#options,
      name: `sqlite-${this.#options.role}`,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker = worker;
    worker.on('message', (replies: readonly ThreadReply[]) => {
      for (const reply of replies) this.#receive(reply);
    });
    worker.on('error', (error: unknown) => {
      this.#lastFault = error;
      if (!isUnavailable(error)) this.#firstReady.reject(error);
    });
    worker.once('exit', (exitCode) => this.#onExit(exitCode));
  }

  #post(request: ThreadRequest): void {
    this.#outgoing.push(request);
    if (this.#outgoing.length > 1) return;
    setImmediate(() => {
      const requests = this.#outgoing;
      this.#outgoing = [];
      if (requests.length > 0) this.#worker?.postMessage(requests);
    });
  }

  #receive(reply: ThreadReply): void {
    if (reply.kind === 'ready') {
      this.#firstReady.resolve();
      return;
    }
    // Only a completed call proves that the thread works. A thread that dies at each call must not restart without a pause.
    this.#failures = 0;
    const call = this.#calls.get(reply.callId);
    this.#calls.delete(reply.callId);
    call?.settle(reply);
  }

  #onExit(exitCode: number): void {
    this.#worker = undefined;
    this.#outgoing = [];
    const error = new Error(`the database thread ended with code ${exitCode}`, { cause: this.#lastFault });
    for (const [callId, call] of this.#calls) {
      call.settle({ kind: 'failure', callId, error, isUnavailable: true });
    }
    this.#calls.clear();
    if (this.#isClosed) return;
    this.#failures += 1;
    const restartInMs = Math.round(backoffMs(this.#failures));
    this.#logger.warn({ err: error, role: this.#options.role, restartInMs }, 'database thread ended');
    this.#restartTimer = setTimeout(() => this.#start(), restartInMs);
  }
}
