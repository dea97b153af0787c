import type { Command, Redis } from 'ioredis';
import { provenAliveAt } from './connectors.ts';

/** The deadline of a single Redis command. */
export const COMMAND_TIMEOUT_MS = 2_000;

/** How often an open connection is pinged within the time for which a reply confirms it. */
const PINGS_PER_TIMEOUT = 4;

export interface ConnectionGuard {
  /** Closes the connection at once; it is opened again as after any loss. */
  drop(reason: string): void;
}

/** Properties on the command itself: a WeakMap costs 10 µs for each command. A Cluster may send a command several times. */
const STARTED_AT = Symbol('startedAt');
const RESOLVE = Symbol('resolve');
const GUARDED = Symbol('guarded');

interface GuardedCommand extends Command {
  /** `performance.now()` at which the command was sent for the first time. */
  [STARTED_AT]?: number;
  /** The command's own `resolve`, and the guarded one that replaced it. */
  [RESOLVE]?: Command['resolve'];
  [GUARDED]?: Command['resolve'];
}

/**
 * Drops a connection whose server does not answer. TCP keeps a connection to a frozen server open, and ioredis would use it for
 * ever.
 *
 * **Confirmed.** Every reply confirms the connection up to the moment at which its command was sent; a ping is sent four times
 * per command timeout. The connection is used only while it was confirmed less than the command timeout ago, and a
 * confirmation counts only if the previous one still did. A server that was frozen for longer is therefore never confirmed again.
 *
 * **Dropped.** The connection was not confirmed in time: the server, the network or this process was frozen. A reply that still
 * arrives is an error, and the connection is closed. The next one is used after the server has answered, and after the
 * Sentinels or the other Cluster nodes have said that it was not replaced.
 *
 * A successor is promoted at the earliest `down-after-milliseconds` (Sentinel) or `cluster-node-timeout` after the master froze. If
 * these are not shorter than the command timeout, no reply of a replaced master counts, whether it stays frozen or not
 * (docs/decisions/0017-a-connection-is-confirmed-or-dropped.md).
 *
 * @param options.dropsLateReplies false for connections without a deadline: their late replies count, and any received byte
 *   confirms them
 */
export function guardConnection(
  redis: Redis,
  options: { dropsLateReplies: boolean; dropped?: (reason: string) => void },
): ConnectionGuard {
  let confirmedAt = performance.now();
  let bytesRead = 0;
  // Read at each use: tests raise it.
  const timeoutMs = () => redis.options.commandTimeout ?? COMMAND_TIMEOUT_MS;
  const isConfirmed = () => performance.now() - confirmedAt < timeoutMs();
  const isOpen = () => redis.status === 'ready' || redis.status === 'connect';

  const drop = (reason: string) => {
    if (!isOpen() || redis.stream.destroyed) return;
    options.dropped?.(reason);
    // Not `disconnect`: that waits for the other side to close.
    redis.stream.destroy();
  };
  /** @returns whether the reply counts */
  const confirm = (sentAt: number): boolean => {
    if (!isConfirmed()) {
      drop('it was not confirmed in time');
      return false;
    }
    confirmedAt = Math.max(confirmedAt, sentAt);
    return true;
  };

  redis.on('connect', () => {
    confirmedAt = provenAliveAt(redis.options);
    bytesRead = 0;
  });

  if (options.dropsLateReplies) {
    const sendCommand = redis.sendCommand.bind(redis);
    redis.sendCommand = (command: GuardedCommand, stream) => {
      // Timed out while it waited to be sent again.
      if (command.isSettled) return command.promise;
      const sentAt = performance.now();
      const startedAt = command[STARTED_AT] ?? sentAt;
      // A command that is sent again is guarded again, unless ioredis has renewed its promise.
      const resolve = command[RESOLVE] && command.resolve === command[GUARDED] ? command[RESOLVE] : command.resolve;
      const guarded = (reply: unknown) => {
        // The timer of the command may be late: after a pause of this process, replies are handled before timers.
        const isInTime = performance.now() - startedAt < timeoutMs();
        if (confirm(sentAt) && isInTime) resolve(reply);
        else command.reject(new Error('Command timed out'));
      };
      command[STARTED_AT] = startedAt;
      command[RESOLVE] = resolve;
      command[GUARDED] = guarded;
      command.resolve = guarded;
      return sendCommand(command, stream);
    };
  }

  const ping = async () => {
    const sentAt = performance.now();
    try {
      await redis.ping();
      if (!options.dropsLateReplies) confirm(sentAt);
    } catch (error) {
      // An error reply, such as MISCONF, also shows that the server runs.
      if (error instanceof Error && error.name === 'ReplyError') confirm(sentAt);
    }
  };
  const check = () => {
    if (!isOpen()) return;
    if (!options.dropsLateReplies && redis.stream.bytesRead > bytesRead) {
      bytesRead = redis.stream.bytesRead;
      confirmedAt = performance.now();
    }
    if (!isConfirmed()) drop('the server did not answer in time');
    else if (redis.status === 'ready') void ping();
  };
  const timer = setInterval(check, COMMAND_TIMEOUT_MS / PINGS_PER_TIMEOUT);
  onClosed(redis, () => clearInterval(timer));
  return { drop };
}

/** Calls back when the connection is closed permanently. It may do so more than once. */
export function onClosed(redis: Redis, callback: () => void): void {
  redis.on('end', callback);
  // A connection that is closed while it waits to reconnect emits no `end`.
  const disconnect = redis.disconnect.bind(redis);
  redis.disconnect = (reconnect = false) => {
    if (!reconnect) callback();
    disconnect(reconnect);
  };
}
