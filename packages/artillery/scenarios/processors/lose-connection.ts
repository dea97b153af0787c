import { clientOf, endUserOnError } from './chat.ts';
import { recordFailure } from './measure.ts';
import { numberOf, type VirtualUser } from './virtual-user.ts';

const RECONNECT_SECONDS = 30;

/** Step: closes the connection at the next multiple of `disconnectEverySeconds` (5), at the same time as all other users. */
export async function loseConnection(user: VirtualUser): Promise<void> {
  const everyMs = numberOf(user, 'disconnectEverySeconds', 5) * 1_000;
  await new Promise((resolve) => setTimeout(resolve, everyMs - (Date.now() % everyMs)));
  clientOf(user).loseConnection();
}

/** Step: waits until the user has reconnected and has all missed messages, at most `reconnectWithinSeconds` (30). */
export async function waitForReconnect(user: VirtualUser): Promise<void> {
  const client = clientOf(user);
  const deadlineMs = numberOf(user, 'reconnectWithinSeconds', RECONNECT_SECONDS) * 1_000;
  await endUserOnError(client, async () => {
    if (await client.isReconnectedWithin(deadlineMs)) return;
    recordFailure('reconnect', 'NOT_RECONNECTED');
    throw new Error('not reconnected in time');
  });
}
