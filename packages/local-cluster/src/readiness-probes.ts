import type { ChildProcess } from 'node:child_process';
import { on, once } from 'node:events';
import { connect } from 'node:net';
import { pause } from '@parley/service-kit';

const RETRY_MS = 50;
const ATTEMPT_TIMEOUT_MS = 10_000;

/** Resolves when a process is ready to work; rejects when the signal aborts first. */
export type ReadinessProbe = (child: ChildProcess, signal: AbortSignal) => Promise<void>;

/** Resolves when a service of the workspace reports over IPC that it has started. */
export const awaitStartedMessage: ReadinessProbe = async (child, signal) => {
  for await (const [message] of on(child, 'message', { signal })) {
    if (typeof message === 'object' && message !== null && 'type' in message && message.type === 'started') return;
  }
};

/** Resolves when Redis answers PING. It does so only after it has loaded its append-only file. */
export const awaitRedisPing =
  (port: number): ReadinessProbe =>
  (_child, signal) =>
    retryUntilTrue(signal, async () => (await exchange(port, 'PING\r\n')).startsWith('+PONG'));

/** Resolves when a port accepts connections. */
export const awaitOpenPort =
  (port: number): ReadinessProbe =>
  (_child, signal) =>
    retryUntilTrue(signal, async () => {
      await exchange(port);
      return true;
    });

/** Resolves when a GET request is answered with status 200. */
export const awaitHttpOk = (url: string, signal: AbortSignal): Promise<void> =>
  retryUntilTrue(signal, async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.status === 200;
  });

async function retryUntilTrue(signal: AbortSignal, attempt: () => Promise<boolean>): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await attempt().catch(() => false)) return;
    await pause(RETRY_MS, signal);
  }
}

/** Opens a connection, sends the request if there is one, and returns the first chunk of the answer. */
async function exchange(port: number, request?: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const signal = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS);
  try {
    await once(socket, 'connect', { signal });
    if (request === undefined) return '';
    socket.write(request);
    const [chunk] = (await once(socket, 'data', { signal })) as [Buffer];
    return chunk.toString();
  } finally {
    socket.destroy();
  }
}
