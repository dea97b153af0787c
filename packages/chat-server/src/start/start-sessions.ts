import { ServerChannel } from '../admission/server-channel.ts';
import { ServerRpc } from '../admission/server-rpc.ts';
import { SessionRegistry } from '../admission/session-registry.ts';
import { SubscriptionHealth } from '../admission/subscription-health.ts';
import type { ChatServerConfig } from '../config.ts';
import type { DeliveryMemory } from '../delivery/delivery-memory.ts';
import type { Backends, ChatServerBase } from './connect-backends.ts';

export interface SessionParts {
  readonly registry: SessionRegistry;
  readonly rpc: ServerRpc;
  readonly health: SubscriptionHealth;
}

/** Starts the server RPC, the monitor of its subscription, and the sessions, which depend on both. */
export async function startSessions(
  base: ChatServerBase,
  backends: Backends,
  config: ChatServerConfig,
  deliveries: DeliveryMemory,
): Promise<SessionParts> {
  const { name: node, logger, metrics } = base;
  const { command, subscriber, leases } = backends;
  const channel = new ServerChannel({ node, command, logger });
  const health = new SubscriptionHealth({ channel, logger, confirmSessions: () => registry.confirm() });
  const rpc = new ServerRpc({
    channel,
    methods: {
      endSession: (token) => registry.endReplaced(token),
      findDelivery: (conversationId, seq) => deliveries.find(conversationId, seq),
    },
  });
  const registry = new SessionRegistry({
    node,
    leases,
    rpc,
    health,
    logger,
    metrics,
    sessionTtlMs: config.SESSION_TTL_MS,
    firstEventDeadlineMs: config.FIRST_MESSAGE_DEADLINE_MS,
  });
  health.monitor(subscriber);
  await channel.listen(subscriber, [health, rpc]);
  await registry.start();
  return { registry, rpc, health };
}
