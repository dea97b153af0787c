import type { ConversationId } from '@parley/protocol';
import { loadScript, type RedisConnection, type RedisScript, runScript } from '@parley/service-kit';
import { chunksOf } from './chunks-of.ts';
import { EPOCH_FUNCTIONS } from './included-scripts.ts';
import type { ConversationState } from './message-log.ts';
import type { PartitionKeys } from './partition-keys.ts';

/** The sizes of a call, in conversations. A smaller call fills the rest with conversations that are read twice. */
const CALL_SIZES = [1, 16, 128];
const MAX_CALL_CONVERSATIONS = Math.max(...CALL_SIZES);

const scriptFor = (conversations: number) =>
  loadScript(new URL('./scripts/read-states.lua', import.meta.url), 2 + conversations, EPOCH_FUNCTIONS);
const scripts = CALL_SIZES.map(scriptFor);
const FOR_ONE = scripts[0] as RedisScript;

type StateFields = [head: string | null, stored: string | null, membersVersion: string | null, epoch: string | null];
type StatesReply = [epoch: string, ...StateFields[]];

/**
 * Reads the states of a partition's conversations. All calls share one round trip.
 *
 * @returns undefined where the head is unknown
 */
export async function readStates(
  redis: RedisConnection,
  keys: PartitionKeys,
  ids: readonly ConversationId[],
): Promise<(ConversationState | undefined)[]> {
  const states = await Promise.all(
    chunksOf(ids, MAX_CALL_CONVERSATIONS).map(async (chunk) => {
      const scriptKeys = [keys.epoch, keys.runId, ...chunk.map((id) => keys.conversation(id))];
      const script = scripts.find(({ numberOfKeys }) => numberOfKeys >= scriptKeys.length) as RedisScript;
      while (scriptKeys.length < script.numberOfKeys) scriptKeys.push(scriptKeys.at(-1) as string);
      const reply = await runScript(redis, script, scriptKeys, []);
      return toStates(reply as StatesReply).slice(0, chunk.length);
    }),
  );
  return states.flat();
}

/** Sent with each call: after NOSCRIPT, EVALSHA would be repeated after the commands that follow it. */
const EVAL_TEXT = FOR_ONE.lua.replaceAll(/^--.*\n/gm, '');

/** Reads the state of one conversation before the commands that follow, or after those that precede, in the same turn. */
export async function readStateInOrder(
  redis: RedisConnection,
  keys: PartitionKeys,
  id: ConversationId,
): Promise<ConversationState | undefined> {
  const scriptKeys = [keys.epoch, keys.runId, keys.conversation(id)];
  const reply = await redis.eval(EVAL_TEXT, FOR_ONE.numberOfKeys, ...scriptKeys);
  return toStates(reply as StatesReply)[0];
}

/** Returns undefined where the head is unknown: Redis has none, or one of an earlier epoch. */
function toStates([currentEpoch, ...conversations]: StatesReply): (ConversationState | undefined)[] {
  return conversations.map(([head, stored, membersVersion, epoch]) => {
    if (!head || !epoch || epoch !== currentEpoch) return undefined;
    return { headSeq: Number(head), storedSeq: Number(stored), membersVersion: membersVersion ?? '', epoch };
  });
}
