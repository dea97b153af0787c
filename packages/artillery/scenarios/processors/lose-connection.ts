import { clientOf, endUserOnError } from './chat.ts';
import { recordFailure } from './measure.ts';
import { numberOf, type VirtualUser } from './virtual-user.ts';

const BACK_WITHIN_SECONDS = 30;

/** Step: all users of this process whose step falls into the same few seconds lose their connections in the same moment. */
export async function loseConnection(user: VirtualUser): Promise<void> {
  const everyMs = numberOf(user, 'disconnectEverySeconds', 5) * 1_000;
  await new Promise((resolve) => setTimeout(resolve, everyMs - (Date.now() % everyMs)));
  clientOf(user).loseConnection();
}

/** Step: waits until the user is back with all that it missed, at most `reconnectWithinSeconds` (30). */
export async function waitForReconnect(user: VirtualUser): Promise<void> {
  const client = clientOf(user);
  const deadlineMs = numberOf(user, 'reconnectWithinSeconds', BACK_WITHIN_SECONDS) * 1_000;
  await endUserOnError(client, async () => {
    if (await client.isReconnectedWithin(deadlineMs)) return;
    recordFailure('reconnect', 'NOT_BACK');
    throw new Error('reconnect: not back in time');
  });
}
