import { chatterOf, orGiveUp } from './chat.ts';
import { failed } from './measure.ts';
import { numberOf, type VirtualUser } from './virtual-user.ts';

const BACK_WITHIN_SECONDS = 30;

/** Step: all users of this process whose step falls into the same few seconds lose their connections in the same moment. */
export async function loseConnection(user: VirtualUser): Promise<void> {
  const everyMs = numberOf(user, 'togetherEverySeconds', 5) * 1_000;
  await new Promise((resolve) => setTimeout(resolve, everyMs - (Date.now() % everyMs)));
  chatterOf(user).loseConnection();
}

/** Step: waits until the user is back with all that it missed, at most `backWithinSeconds` (30). */
export async function waitUntilBack(user: VirtualUser): Promise<void> {
  const chatter = chatterOf(user);
  const deadlineMs = numberOf(user, 'backWithinSeconds', BACK_WITHIN_SECONDS) * 1_000;
  await orGiveUp(chatter, async () => {
    if (await chatter.isBackWithin(deadlineMs)) return;
    failed('reconnect', 'NOT_BACK');
    throw new Error('reconnect: not back in time');
  });
}
