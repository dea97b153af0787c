import type { SessionLeases } from '@parley/leases';
import type { MessageLog } from '@parley/message-log';
import type { RefreshTokenStore } from '@parley/message-store';
import { type Logger, type Loop, startLoop } from '@parley/service-kit';
import type { NodeBus } from '../admission/server-rpc.ts';
import type { HeadAnnouncer } from '../delivery/head-announcer.ts';
import type { SignalDelivery } from '../delivery/signal-delivery.ts';
import type { BackgroundLoopName, ChatServerMetrics } from '../metrics.ts';

/** How often the cluster-wide gauges are read. */
const GAUGES_EVERY_MS = 2_000;

/** How often clients are told of heads that moved. */
const HEADS_EVERY_MS = 5_000;

const HEARING_EVERY_MS = 500;
const SLOW_CONSUMERS_EVERY_MS = 250;
const TYPING_EVERY_MS = 1_000;

/** Expired refresh tokens are deleted this often. */
const HOUSEKEEPING_EVERY_MS = 3_600_000;

interface Parts {
  readonly leases: SessionLeases;
  readonly log: MessageLog;
  readonly heads: HeadAnnouncer;
  readonly bus: NodeBus;
  readonly signals: SignalDelivery;
  /** Ends the sessions that read too slowly; resolves to how many. */
  readonly slowConsumers: () => Promise<number>;
  readonly refreshTokens: RefreshTokenStore;
  readonly metrics: ChatServerMetrics;
  readonly logger: Logger;
}

/** Starts all that a chat server does from time to time, whether or not clients ask for anything. */
export function startBackgroundLoops(parts: Parts): Loop {
  const { leases, log, heads, bus, signals, slowConsumers, refreshTokens, metrics, logger } = parts;
  const loop = (name: BackgroundLoopName, everyMs: number, round: () => Promise<void>): Loop =>
    startLoop(name, round, {
      everyMs,
      logger,
      onError: () => metrics.chat_background_errors_total.inc({ loop: name }),
    });
  const loops = [
    loop('gauges', GAUGES_EVERY_MS, async () => {
      const [{ held, waiting }, inProcess] = await Promise.all([leases.count(), log.inProcess()]);
      metrics.chat_session_leases.set(held);
      metrics.chat_waiting.set(waiting);
      metrics.chat_in_process.set(inProcess);
    }),
    loop('heads', HEADS_EVERY_MS, () => heads.announce()),
    loop('hearing', HEARING_EVERY_MS, async () => {
      if (await bus.checkHearing()) metrics.chat_subscriber_replaced_total.inc();
    }),
    loop('typing', TYPING_EVERY_MS, async () => signals.expireTyping()),
    loop('slow-consumers', SLOW_CONSUMERS_EVERY_MS, async () => {
      metrics.chat_slow_consumers_total.inc(await slowConsumers());
    }),
    loop('housekeeping', HOUSEKEEPING_EVERY_MS, () => refreshTokens.deleteExpired(Date.now())),
  ];
  return {
    async stop() {
      await Promise.all(loops.map((running) => running.stop()));
    },
  };
}
