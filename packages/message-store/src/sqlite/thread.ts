import { getPriority, platform, setPriority } from 'node:os';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Database } from './database.ts';
import { isUnavailable } from './errors.ts';
import { migrate } from './migrations.ts';
import { operations } from './operations.ts';
import { monotonicMs, type ThreadOptions, type ThreadReply, type ThreadRequest } from './thread-protocol.ts';

// The worker thread: owns one connection and runs calls in order. It ends if the database cannot be opened.

const MAX_NICENESS = 19;

type Call = Extract<ThreadRequest, { kind: 'call' }>;
type Operation = (database: Database, ...args: readonly unknown[]) => unknown;

if (!parentPort) throw new Error('runs only as a worker thread');
const port = parentPort;
const { path, role, busyTimeoutMs, niceness = 0 } = workerData as ThreadOptions;
if (niceness > 0 && platform() === 'linux') setPriority(Math.min(MAX_NICENESS, getPriority() + niceness));
const database = new Database(path, { readOnly: role === 'reader', busyTimeoutMs });
if (role === 'writer') migrate(database);
reply([{ kind: 'ready' }]);

port.on('message', (first: readonly ThreadRequest[]) => {
  const requests = role === 'writer' ? [...first, ...takeWaiting()] : first;
  const calls = requests.filter((request) => request.kind === 'call');
  if (calls.length > 0) reply(role === 'writer' && calls.length > 1 ? runInTransaction(calls) : calls.map(runCall));
  if (calls.length === requests.length) return;
  database.close();
  port.close();
});

/** Returns the requests that arrived while the thread was busy. */
function takeWaiting(): ThreadRequest[] {
  const requests: ThreadRequest[] = [];
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
    requests.push(...(next.message as readonly ThreadRequest[]));
  }
  return requests;
}

function reply(replies: readonly ThreadReply[]): void {
  port.postMessage(replies);
}

/**
 * Runs concurrent writes in one transaction, which costs one lock and one wait for the disk. Each call succeeds or fails
 * independently, but a failed commit fails all of them.
 */
function runInTransaction(calls: readonly Call[]): ThreadReply[] {
  try {
    return database.transaction(() =>
      calls.map((call) => {
        const replied = runCall(call);
        // A full disk or a failed write has rolled back the other calls.
        if (replied.kind === 'failure' && !database.isInTransaction) throw replied.error;
        return replied;
      }),
    );
  } catch (cause) {
    return calls.map((call) => failure(call, cause));
  }
}

function runCall(call: Call): ThreadReply {
  const { callId, operation, args, expiresAtMs } = call;
  // The caller has given up. Running the call would only delay the others.
  if (monotonicMs() >= expiresAtMs) {
    return { kind: 'failure', callId, error: new Error('the call waited too long in the queue'), isUnavailable: true };
  }
  try {
    return { kind: 'result', callId, result: (operations[operation] as Operation)(database, ...args) };
  } catch (cause) {
    return failure(call, cause);
  }
}

function failure({ callId }: Call, cause: unknown): Extract<ThreadReply, { kind: 'failure' }> {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  return { kind: 'failure', callId, error, isUnavailable: isUnavailable(error) };
}
