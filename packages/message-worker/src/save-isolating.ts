import { type MessageStore, type Rejection, StoreUnavailable, type TracedMessage } from '@parley/message-store';

/**
 * Saves messages with one bulk write. If the store throws, it saves the halves separately, and so on: one message that the store
 * cannot process does not keep the others from being saved. That takes about 2 log₂ n writes, and 2 n if all fail.
 *
 * @returns the rejected messages, including each that fails on its own while others of the batch are saved. A batch of one message
 *   has no other; it is rejected, too, and the caller decides with its placeholder whether the store works.
 * @throws StoreUnavailable, because then no message is at fault, or the store's error if it saves none of several messages
 */
export async function saveIsolating(
  store: Pick<MessageStore, 'saveBatch'>,
  messages: readonly TracedMessage[],
): Promise<Rejection[]> {
  const rejected: Rejection[] = [];
  const failures: { id: TracedMessage['id']; error: unknown }[] = [];
  let saved = 0;

  const save = async (part: readonly TracedMessage[]): Promise<void> => {
    const [first] = part;
    if (!first) return;
    try {
      const outcome = await store.saveBatch(part);
      rejected.push(...outcome.rejected);
      saved += part.length - outcome.rejected.length;
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      if (part.length > 1) {
        const middle = Math.ceil(part.length / 2);
        await save(part.slice(0, middle));
        await save(part.slice(middle));
        return;
      }
      failures.push({ id: first.id, error });
    }
  };
  await save(messages);

  const [failure] = failures;
  if (failure && saved === 0 && messages.length > 1) throw failure.error;
  return [...rejected, ...failures.map(({ id, error }) => ({ id, reason: String(error) }))];
}
