import { connectRedis, type RedisRole, silentLogger } from '@parley/service-kit';
import { atFileEnd, newRedis, withoutCommandDeadline } from '@parley/testing';
import { ServerChannel } from '../src/admission/server-channel.ts';
import { ServerRpc } from '../src/admission/server-rpc.ts';
import { SubscriptionHealth } from '../src/admission/subscription-health.ts';

export const redis = await newRedis();

async function connect(url: string, role: RedisRole) {
  const connection = await connectRedis(url, role, { logger: silentLogger(), connectionName: role });
  atFileEnd(() => connection.disconnect());
  return withoutCommandDeadline(connection);
}

/** Creates a server's channel with the RPC and the health monitor on it. It remembers a delivery of the message with seq 7. */
export async function newServerChannel(node: string, subscriberUrl = redis.url, commandUrl = redis.url) {
  const logger = silentLogger();
  const channel = new ServerChannel({ node, command: await connect(commandUrl, 'command'), logger });
  const endedSessions: string[] = [];
  const confirmations: PromiseWithResolvers<void>[] = [];
  const health = new SubscriptionHealth({
    channel,
    logger,
    confirmSessions() {
      const confirmation = Promise.withResolvers<void>();
      confirmations.push(confirmation);
      return confirmation.promise;
    },
  });
  const rpc = new ServerRpc({
    channel,
    methods: {
      endSession: (token) => endedSessions.push(token),
      findDelivery: (_conversationId, seq) => (seq === 7 ? { atMs: 1, sessions: 3 } : undefined),
    },
  });
  const subscriber = await connect(subscriberUrl, 'no-deadline');
  health.monitor(subscriber);
  await channel.listen(subscriber, [health, rpc]);
  return { rpc, health, endedSessions, confirmations, subscriber };
}
