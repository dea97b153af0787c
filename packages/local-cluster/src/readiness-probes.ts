import type { ChildProcess } from 'node:child_process';
import { on, once } from 'node:events';
import { connect } from 'node:net';
import { pause } from '@parley/service-kit';

const LOOK_AGAIN_MS = 50;
const ATTEMPT_DEADLINE_MS = 10_000;

/** How a process shows that it takes work; rejects when the signal aborts first. */
export type ReadinessProbe = (child: ChildProcess, signal: AbortSignal) => Promise<void>;

/** A service of the workspace says so over IPC. */
export const awaitStartedMessage: ReadinessProbe = async (child, signal) => {
  for await (const [message] of on(child, 'message', { signal })) {
    if (typeof message === 'object' && message !== null && 'type' in message && message.type === 'started') return;
  }
};

/** Redis answers PING, also after it has loaded its append-only file, which takes as long as it takes. */
export const awaitRedisPing =
  (port: number): ReadinessProbe =>
  (_child, signal) =>
    repeatedly(signal, async () => (await exchange(port, 'PING\r\n')).startsWith('+PONG'));

/** Something takes connections on the port. */
export const awaitOpenPort =
  (port: number): ReadinessProbe =>
  (_child, signal) =>
    repeatedly(signal, async () => {
      await exchange(port);
      return true;
    });

/** A GET answers 200. */
export const awaitHttpOk = (url: string, signal: AbortSignal): Promise<void> =>
  repeatedly(signal, async () => {
    const response = await fetch(url, { signal: AbortSignal.timeout(ATTEMPT_DEADLINE_MS) });
    await response.arrayBuffer();
    return response.status === 200;
  });

async function repeatedly(signal: AbortSignal, attempt: () => Promise<boolean>): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await attempt().catch(() => false)) return;
    await pause(LOOK_AGAIN_MS, signal);
  }
}

/** Opens a connection, sends a request if there is one, and gives what comes back first. */
async function exchange(port: number, request?: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const signal = AbortSignal.timeout(ATTEMPT_DEADLINE_MS);
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
