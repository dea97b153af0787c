import { Cluster } from 'ioredis';
import { type RedisConnection, serversOf } from './redis.ts';
import { loadScript, runScript } from './redis-script.ts';

const PUBLISH = loadScript(new URL('./redis-publish.lua', import.meta.url), 1);

/**
 * Publishes a message, in order with all others that are published to the channel by this function.
 *
 * @returns the number of receivers. In a Cluster it counts those of one node only: 0 does not mean that there are none
 */
export async function publishInOrder(redis: RedisConnection, channel: string, message: string): Promise<number> {
  return (await runScript(redis, PUBLISH, [channel], [message])) as number;
}

/** Returns whether anybody is subscribed to a channel; in a Cluster every node is asked. Rejects if one does not reply. */
export async function hasSubscribers(redis: RedisConnection, channel: string): Promise<boolean> {
  const replies = await Promise.all(serversOf(redis, 'all').map((server) => server.call('PUBSUB', 'NUMSUB', channel)));
  return replies.some((reply) => Number((reply as [string, number])[1]) > 0);
}

/** Returns the channels with subscribers that match a pattern; in a Cluster those of all nodes that reply. */
export async function subscribedChannels(redis: RedisConnection, pattern: string): Promise<string[]> {
  if (!(redis instanceof Cluster)) return (await redis.call('PUBSUB', 'CHANNELS', pattern)) as string[];
  const replies = await Promise.allSettled(redis.nodes('all').map((node) => node.call('PUBSUB', 'CHANNELS', pattern)));
  const channels = replies.flatMap((reply) => (reply.status === 'fulfilled' ? (reply.value as string[]) : []));
  return [...new Set(channels)];
}
