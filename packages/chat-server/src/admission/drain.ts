import { pause } from '@parley/service-kit';
import type { ChatSocket } from '../socket-types.ts';

/** Clients leave in this many groups at an interval, which spreads the load of their reconnects over the other servers. */
const GROUPS = 6;
const GROUP_INTERVAL_MS = 200;

/** The clients of a group reconnect at random moments within this time. */
const RECONNECT_WITHIN_MS = 1_000;

/** Smaller groups are not worth a wait. */
const MIN_GROUP_SIZE = 10;

/**
 * Moves the clients of a stopping server to other servers. Each group gets `server:draining`, and our client library then
 * reconnects elsewhere. The connections that are still open afterwards are closed, and any Socket.IO client then reconnects.
 * Takes about two seconds at most.
 */
export async function drain(sockets: readonly ChatSocket[], close: (socket: ChatSocket) => void): Promise<void> {
  const groupSize = Math.max(MIN_GROUP_SIZE, Math.ceil(sockets.length / GROUPS));
  const groups: Promise<void>[] = [];
  for (let first = 0; first < sockets.length; first += groupSize) {
    if (first > 0) await pause(GROUP_INTERVAL_MS);
    groups.push(drainGroup(sockets.slice(first, first + groupSize), close));
  }
  await Promise.all(groups);
}

async function drainGroup(group: readonly ChatSocket[], close: (socket: ChatSocket) => void): Promise<void> {
  for (const socket of group) socket.emit('server:draining', { reconnectWithinMs: RECONNECT_WITHIN_MS });
  const endsAt = performance.now() + RECONNECT_WITHIN_MS;
  while (performance.now() < endsAt && group.some((socket) => socket.connected)) await pause(50);
  for (const socket of group) if (socket.connected) close(socket);
}
