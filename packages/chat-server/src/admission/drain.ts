import { pause } from '@parley/service-kit';
import type { ChatSocket } from '../socket-types.ts';

/** Clients are sent away in this many groups, so that the other servers are not stormed. */
const GROUPS = 6;
const GROUP_EVERY_MS = 200;

/** A group has this long to go by itself, each client at a random moment. */
const RECONNECT_WITHIN_MS = 1_000;

/** Fewer clients than these go all at once. */
const SMALL_GROUP = 10;

/**
 * Sends the clients of a stopping server elsewhere, group by group, then closes the connections of those that stay: plain
 * clients reconnect when they are closed. Takes at most about two seconds.
 */
export async function drain(sockets: readonly ChatSocket[], close: (socket: ChatSocket) => void): Promise<void> {
  const groupSize = Math.max(SMALL_GROUP, Math.ceil(sockets.length / GROUPS));
  const leaving: Promise<void>[] = [];
  for (let first = 0; first < sockets.length; first += groupSize) {
    if (first > 0) await pause(GROUP_EVERY_MS);
    leaving.push(sendAway(sockets.slice(first, first + groupSize), close));
  }
  await Promise.all(leaving);
}

async function sendAway(group: readonly ChatSocket[], close: (socket: ChatSocket) => void): Promise<void> {
  for (const socket of group) socket.emit('server:draining', { reconnectWithinMs: RECONNECT_WITHIN_MS });
  const endsAt = performance.now() + RECONNECT_WITHIN_MS;
  while (performance.now() < endsAt && group.some((socket) => socket.connected)) await pause(50);
  for (const socket of group) if (socket.connected) close(socket);
}
