import { readMetric } from '@parley/load-kit/cluster';
import type { ProcessEntry } from '@parley/local-cluster';
import { pause } from '@parley/service-kit';

/** The timeouts of abandoned connections, and the intervals in which the gauges are read. */
const DEADLINE_MS = 60_000;
const POLL_INTERVAL_MS = 500;

/** Gauges of the cluster as a whole, and what they are without attackers. */
const CLUSTER_GAUGES = { chat_session_leases: 'sessions', chat_waiting: 0, chat_in_process: 0 } as const;

/**
 * Waits until nothing of the attack is left: session slots, sessions, places in the waiting room, messages in process.
 *
 * @param expected.servers chat servers, all of which must run: an exit is counted when the process runs again
 * @param expected.sessions sessions of the healthy users
 * @returns one line for each thing that is left after 60 s
 */
export async function awaitNothingLeft(
  chatServers: () => readonly ProcessEntry[],
  expected: { readonly servers: number; readonly sessions: number },
  signal: AbortSignal,
): Promise<string[]> {
  const endsAt = performance.now() + DEADLINE_MS;
  for (;;) {
    const left = await listLeft(chatServers(), expected).catch((error: Error) => [`unknown: ${error.message}`]);
    if (left.length === 0 || performance.now() > endsAt) return left;
    await pause(POLL_INTERVAL_MS, signal);
    signal.throwIfAborted();
  }
}

async function listLeft(
  servers: readonly ProcessEntry[],
  { servers: expected, sessions }: { readonly servers: number; readonly sessions: number },
): Promise<string[]> {
  const left = servers.length === expected ? [] : [`${servers.length} chat servers run instead of ${expected}`];
  const held = await Promise.all(servers.map((server) => readMetric(server, 'chat_sessions')));
  const total = held.reduce((sum, count) => sum + count, 0);
  if (total !== sessions) left.push(`chat_sessions is ${total} instead of ${sessions}`);
  for (const server of servers) {
    for (const [gauge, value] of Object.entries(CLUSTER_GAUGES)) {
      const without = value === 'sessions' ? sessions : value;
      const seen = await readMetric(server, gauge);
      if (seen !== without) left.push(`${gauge} of ${server.name} is ${seen} instead of ${without}`);
    }
  }
  return left;
}
