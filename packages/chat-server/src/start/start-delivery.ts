import { subscribeToFanOut } from '@parley/fan-out';
import { DeliveryMemory } from '../delivery/delivery-memory.ts';
import { FanOutDelivery } from '../delivery/fan-out-delivery.ts';
import { HeadAnnouncer } from '../delivery/head-announcer.ts';
import { SignalBus } from '../delivery/signal-bus.ts';
import { SignalDelivery } from '../delivery/signal-delivery.ts';
import type { ChatIo } from '../socket-types.ts';
import type { Backends, ChatServerBase } from './connect-backends.ts';

export interface DeliveryParts {
  readonly deliveries: DeliveryMemory;
  readonly fanOut: FanOutDelivery;
  readonly heads: HeadAnnouncer;
  readonly signals: SignalBus;
  readonly signalDelivery: SignalDelivery;
}

/** Subscribes to what workers and other servers send to this server's sessions. */
export async function startDelivery(base: ChatServerBase, backends: Backends, io: ChatIo): Promise<DeliveryParts> {
  const { logger, metrics } = base;
  const { command, subscriber, log, utilisation, hostCpu } = backends;

  const deliveries = new DeliveryMemory();
  const fanOut = new FanOutDelivery({ io, deliveries, utilisation, hostCpu, metrics, logger });
  await subscribeToFanOut(subscriber, (items) => fanOut.receive(items));

  const signals = new SignalBus({ command, logger });
  const signalDelivery = new SignalDelivery(io, utilisation);
  await signals.listen(subscriber, (received) => signalDelivery.receive(received));

  const heads = new HeadAnnouncer({ io, log, delivery: fanOut });
  subscriber.on('ready', () => heads.forget());
  return { deliveries, fanOut, heads, signals, signalDelivery };
}
