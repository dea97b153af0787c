import { ChatError, type ClientToServerEvents, parsePayload } from '@parley/protocol';
import { ConcurrencyLimiter, type Logger } from '@parley/service-kit';
import type { z } from 'zod';
import type { SessionRegistry } from '../admission/session-registry.ts';
import { runAs } from '../caller.ts';
import { flowOf } from '../engine-io/packet-flow.ts';
import type { EventLimit } from '../limits/event-limit.ts';
import type { Pacer } from '../limits/pacer.ts';
import { EVENT_COST } from '../limits/pacers.ts';
import type { Session } from '../session.ts';
import type { ChatSocket } from '../socket-types.ts';
import { toChatError } from '../to-chat-error.ts';

/** The most characters of JSON in one event. A text of 4,000 characters fits even when every character is escaped. */
const MAX_EVENT_CHARACTERS = 65_536;

/**
 * How many events of one client are handled at the same time. The others wait, and while one waits, nothing more is read from the
 * client's connection. A client that sends too fast therefore slows down only itself, and its events do not pile up in memory.
 */
const MAX_CONCURRENT_EVENTS = 32;

/** Retry delay for a client whose slot is not certain to be held. */
const NOT_HELD_RETRY_MS = 1_000;

/** Handles one client event. */
export interface EventHandler<Payload extends z.ZodType = z.ZodType> {
  readonly payload: Payload;
  /** It counts for `MESSAGES_PER_SECOND`, not for `EVENTS_PER_SECOND`: a repeat of an accepted message is acked at any rate. */
  readonly isMessage?: boolean;
  /** The work, in multiples of a simple REST request. Default: `EVENT_COST`. */
  readonly cost?: number;
  /** @returns the ack */
  handle(socket: ChatSocket, session: Session, payload: z.output<Payload>): Promise<object>;
}

/** Infers the type of a handler's payload. */
export const eventHandler = <Payload extends z.ZodType>(handler: EventHandler<Payload>) => handler;

export type EventHandlers = Record<keyof ClientToServerEvents, EventHandler>;

/**
 * Dispatches the events of a client to their handlers.
 *
 * Each event passes the same checks in this order: the rate of its user, its user's turn, its size, that the session's slot is held, that the event
 * exists, its payload.
 * Every outcome becomes the ack, including an unexpected error. No input of a client makes this function throw.
 */
export function attachHandlers(
  socket: ChatSocket,
  handlers: EventHandlers,
  parts: { registry: SessionRegistry; limit: EventLimit; pacer: Pacer; logger: Logger },
): void {
  const { session } = socket.data;
  const flow = flowOf(socket.conn);
  const limiter = new ConcurrencyLimiter(MAX_CONCURRENT_EVENTS);
  socket.onAny((event: string, ...args: unknown[]) => {
    const ack = args.at(-1);
    const input = typeof ack === 'function' ? args.slice(0, -1) : args;
    const handled = limiter.run(() => runAs(session.userId, () => dispatch(event, input)));
    flow?.update(limiter.waiting > 0);
    void handled.then((reply) => {
      flow?.update(limiter.waiting > 0);
      if (typeof ack === 'function') ack(reply);
    });
  });

  async function dispatch(event: string, input: unknown[]): Promise<object> {
    try {
      const handler = Object.hasOwn(handlers, event) ? handlers[event as keyof EventHandlers] : undefined;
      if (parts.limit.isOn && !handler?.isMessage) await parts.limit.count(session.userId);
      await parts.pacer.turn(session.userId, { cost: handler?.cost ?? EVENT_COST, isGone: () => !socket.connected });
      // Packets that arrive together are all decoded before the first event is emitted, so a large packet cannot be assigned to its
      // event here. After the first large packet, every event of this client is measured.
      const hasSentLargePacket = flow !== undefined && flow.longestPacket > MAX_EVENT_CHARACTERS;
      if (hasSentLargePacket && isTooLarge([event, ...input])) throw new ChatError('PAYLOAD_TOO_LARGE');
      if (!parts.registry.isHeld(session)) throw new ChatError('UNAVAILABLE', { retryAfterMs: NOT_HELD_RETRY_MS });
      if (!handler) throw new ChatError('INVALID_PAYLOAD', { message: 'There is no such event.' });
      const payload = parsePayload(handler.payload, input[0]);
      session.hasSentEvent = true;
      return await handler.handle(socket, session, payload);
    } catch (error) {
      return { ok: false, ...toChatError(error, parts.logger).toBody() };
    }
  }
}

function isTooLarge(event: unknown[]): boolean {
  try {
    return JSON.stringify(event).length > MAX_EVENT_CHARACTERS;
  } catch {
    return true; // nested too deeply to be serialised
  }
}
