import type { AcceptOutcome, AcceptRequest, MessageLog } from '@parley/message-log';
import type { MessageStore } from '@parley/message-store';
import { seedHead } from './heads.ts';

/** How often the members may change, or Redis forget the conversation, while one message is being accepted. */
const MAX_ATTEMPTS = 4;

/**
 * Asks the log until it has an answer for good: a conversation that Redis is not certain of is seeded first, and after a change of
 * members it is asked again with the version that `whenStale` gives.
 *
 * @param options.onOutcome told of every answer
 * @returns `stale-members` or `unseeded` only where the conversation changed at every attempt
 */
export async function acceptInLog(
  parts: { log: MessageLog; messages: MessageStore },
  request: AcceptRequest,
  options: {
    whenStale: (membersVersion: string) => string | Promise<string>;
    onOutcome?: (outcome: AcceptOutcome) => void;
  },
): Promise<AcceptOutcome> {
  let { membersVersion } = request;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await parts.log.accept({ ...request, membersVersion });
    options.onOutcome?.(outcome);
    if (outcome.kind === 'stale-members') membersVersion = await options.whenStale(outcome.membersVersion);
    else if (outcome.kind === 'unseeded') await seedHead(parts, request.conversationId);
    else return outcome;
    if (attempt === MAX_ATTEMPTS) return outcome;
  }
}
