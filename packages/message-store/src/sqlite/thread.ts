import { parentPort, workerData } from 'node:worker_threads';
import { Database } from './database.ts';
import { isUnavailable } from './errors.ts';
import { migrate } from './migrations.ts';
import { operations } from './operations.ts';
import { monotonicMs, type ThreadOptions, type ThreadReply, type ThreadRequest } from './thread-protocol.ts';

// A worker thread: owns one connection and answers calls one after the other. A database that can't be opened ends it.

type Call = Extract<ThreadRequest, { kind: 'call' }>;
type Operation = (database: Database, ...args: readonly unknown[]) => unknown;

if (!parentPort) throw new Error('runs only as a worker thread');
const port = parentPort;
const { path, role, busyTimeoutMs } = workerData as ThreadOptions;
const database = new Database(path, { readOnly: role === 'reader', busyTimeoutMs });
if (role === 'writer') migrate(database);
reply({ kind: 'ready' });

port.on('message', (request: ThreadRequest) => {
  if (request.kind === 'call') return reply(answer(request));
  database.close();
  port.close();
});

function reply(message: ThreadReply): void {
  port.postMessage(message);
}

function answer({ callId, operation, args, expiresAtMs }: Call): ThreadReply {
  // Its caller has given up: doing it would only make the others late as well.
  if (monotonicMs() >= expiresAtMs) {
    return { kind: 'failure', callId, error: new Error('it waited too long for its turn'), isUnavailable: true };
  }
  try {
    return { kind: 'result', callId, result: (operations[operation] as Operation)(database, ...args) };
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    return { kind: 'failure', callId, error, isUnavailable: isUnavailable(error) };
  }
}
