import { ConfigError, loadScript, type RedisConnection, runScript } from '@parley/service-kit';
import { chunksOf } from './chunks-of.ts';
import { CONVERSATION_KEY, type PartitionKeys, partitionKeys } from './partition-keys.ts';
import { scanKeys } from './scan-keys.ts';

const MAX_DELETED_KEYS = 100;

const scripts = {
  inspect: loadScript(new URL('./scripts/inspect-partition.lua', import.meta.url), 2),
  close: loadScript(new URL('./scripts/close-partition.lua', import.meta.url), 4),
  open: loadScript(new URL('./scripts/open-partition.lua', import.meta.url), 1),
  deleteStale: loadScript(new URL('./scripts/delete-stale.lua', import.meta.url), 1 + MAX_DELETED_KEYS),
};

/** The record of a partition: the number of partitions to which it belongs, or that it is closed while the number changes. */
type PartitionRecord = { readonly kind: 'open' | 'closed'; readonly partitions: number } | undefined;

interface Inspected {
  readonly keys: PartitionKeys;
  readonly record: PartitionRecord;
  readonly inProcess: number;
}

export interface PartitionsOptions {
  /** The configured number; undefined = the recorded one. */
  readonly wanted: number | undefined;
  /** The number for a Redis without data, if none is configured. */
  readonly fallback: number;
  /** Default 'parley'. */
  readonly keyPrefix?: string;
}

/**
 * Records the number of partitions in Redis, or verifies that it is the recorded one. Call it before the log is used.
 *
 * The number decides in which partition a conversation lies. It may change only while no message is in process, in these steps:
 *
 * 1. **Close** each partition if its log is empty, in one atomic step. Its epoch ends, so every append needs to initialise its
 *    conversation's head first, and a closed partition refuses that. If a log is not empty, the closed ones are opened again as before.
 * 2. **Delete** all that the partitions know about conversations. A conversation that returns to a former partition must not find its
 *    old head, recent window or deletions there. Everything is stored, so nothing is lost.
 * 3. **Open** each partition with the new number. Heads are initialised from the store, in a new epoch.
 *
 * Any process can repeat or complete the steps of one that died. A server that still runs with the former number appends nothing:
 * it can initialise no head.
 *
 * @returns the number of partitions
 * @throws ConfigError when the configured number is another one and messages are in process
 */
export async function claimPartitions(redis: RedisConnection, options: PartitionsOptions): Promise<number> {
  const { wanted, fallback, keyPrefix = 'parley' } = options;
  const recorded = await recordedNumber(redis, keyPrefix);
  const partitions = wanted ?? recorded ?? fallback;
  const all = await Promise.all(
    Array.from({ length: Math.max(partitions, recorded ?? 0) }, (_, index) =>
      inspect(redis, partitionKeys(keyPrefix, index)),
    ),
  );
  const belongs = ({ record }: Inspected) =>
    record ? record.kind === 'open' && record.partitions === partitions : (recorded ?? partitions) === partitions;
  const others = all.filter((partition) => !belongs(partition));
  if (others.length > 0) await change(redis, others, { partitions, former: recorded ?? partitions });
  // Only where there is none: a full Redis refuses the command.
  const unrecorded = all.filter(({ record }) => record === undefined);
  await Promise.all(unrecorded.map(({ keys }) => redis.set(keys.partitions, partitions, 'NX')));
  return partitions;
}

/** Returns the recorded number of partitions, or undefined when Redis has none. */
export async function recordedPartitions(redis: RedisConnection, keyPrefix = 'parley'): Promise<number | undefined> {
  return toRecord(await redis.get(partitionKeys(keyPrefix, 0).partitions))?.partitions;
}

/** Data of releases before the record has an epoch in each partition, and nothing else shows their number. */
async function recordedNumber(redis: RedisConnection, keyPrefix: string): Promise<number | undefined> {
  const recorded = await recordedPartitions(redis, keyPrefix);
  if (recorded !== undefined) return recorded;
  for (let count = 0; ; count += 1) {
    if ((await redis.exists(partitionKeys(keyPrefix, count).epoch)) === 0) return count === 0 ? undefined : count;
  }
}

async function inspect(redis: RedisConnection, keys: PartitionKeys): Promise<Inspected> {
  const reply = await runScript(redis, scripts.inspect, [keys.log, keys.partitions], []);
  const [record, inProcess] = reply as [record: string, inProcess: number];
  return { keys, record: toRecord(record), inProcess };
}

async function change(
  redis: RedisConnection,
  others: readonly Inspected[],
  { partitions, former }: { partitions: number; former: number },
): Promise<void> {
  const refuse = (inProcess: number) =>
    new ConfigError(
      `LOG_PARTITIONS is ${partitions}, and ${inProcess} messages are in process with ${former}; start with LOG_PARTITIONS=${former} until they are stored`,
    );
  const inProcess = others.reduce((sum, partition) => sum + partition.inProcess, 0);
  if (inProcess > 0) throw refuse(inProcess);

  const closedAs = toText({ kind: 'closed', partitions: Math.max(partitions, former) });
  const replies = await Promise.all(
    others.map(({ keys }) =>
      runScript(redis, scripts.close, [keys.log, keys.partitions, keys.epoch, keys.runId], [partitions, closedAs]),
    ),
  );
  const open = (number: number) =>
    Promise.all(others.map(({ keys }) => runScript(redis, scripts.open, [keys.partitions], [number])));
  const appended = (replies as number[]).reduce((sum, count) => sum + count, 0);
  if (appended > 0) {
    await open(former);
    throw refuse(appended);
  }
  await deleteStale(redis, others);
  const opened = await open(partitions);
  if (opened.every((record) => record === String(partitions))) return;
  throw new ConfigError(
    `LOG_PARTITIONS is ${partitions}, and another process is starting with another number; start all of them with the same one`,
  );
}

/** Deletes the conversations of closed partitions. */
async function deleteStale(redis: RedisConnection, partitions: readonly Inspected[]): Promise<void> {
  for (const { keys } of partitions) {
    for await (const found of scanKeys(redis, keys.prefix)) {
      const stale = found.filter((key) => CONVERSATION_KEY.test(key.slice(keys.prefix.length)));
      for (const batch of chunksOf(stale, MAX_DELETED_KEYS)) {
        while (batch.length < MAX_DELETED_KEYS) batch.push(batch[0] as string);
        await runScript(redis, scripts.deleteStale, [keys.partitions, ...batch], []);
      }
    }
  }
}

const toRecord = (text: string | null): PartitionRecord => {
  const [, closed, partitions] = /^(closed )?(\d+)$/.exec(text ?? '') ?? [];
  return partitions === undefined ? undefined : { kind: closed ? 'closed' : 'open', partitions: Number(partitions) };
};

const toText = ({ kind, partitions }: NonNullable<PartitionRecord>) =>
  kind === 'closed' ? `closed ${partitions}` : String(partitions);
