import { ChatError, type ClientToServerEvents, parsePayload } from '@parley/protocol';
import { ConcurrencyLimiter, type Logger } from '@parley/service-kit';
import type { z } from 'zod';
import type { SessionRegistry } from '../admission/session-registry.ts';
import type { Session } from '../session.ts';
import type { ChatSocket } from '../socket-types.ts';
import { toChatError } from '../to-chat-error.ts';

/** The largest event that is looked at, in characters of JSON; a text of 4,000 characters in the longest escapes fits. */
const MAX_EVENT_CHARACTERS = 65_536;

/**
 * Events of one client that are under way at a time. The others wait, and while one does no more is read from the connection: whoever
 * sends faster than it is served waits in its own line, and neither keeps others waiting nor gathers here without a bound.
 */
const MAX_UNDER_WAY = 32;

/** When a client may try again whose session could not be renewed in time. */
const NOT_HELD_RETRY_MS = 1_000;

/** One event's schema and what it does; the reply goes into the ack. */
export interface EventHandler<Payload extends z.ZodType = z.ZodType> {
  readonly payload: Payload;
  handle(socket: ChatSocket, session: Session, payload: z.output<Payload>): Promise<object>;
}

export const eventHandler = <Payload extends z.ZodType>(handler: EventHandler<Payload>) => handler;

export type EventHandlers = Record<keyof ClientToServerEvents, EventHandler>;

/**
 * The edge between a socket and the handlers: every packet is checked here, and every outcome, also an unforeseen one,
 * ends here as an ack. Nothing that a client sends throws beyond this point.
 */
export function attachHandlers(
  socket: ChatSocket,
  handlers: EventHandlers,
  parts: { registry: SessionRegistry; logger: Logger },
): void {
  const { session } = socket.data;
  // Packets that come together are all read before the first of their events is known: which one is large shows only there.
  let hasSentLarge = false;
  socket.conn.on('packet', ({ data }: { data?: string | Buffer }) => {
    hasSentLarge ||= data !== undefined && data.length > MAX_EVENT_CHARACTERS;
  });
  const limiter = new ConcurrencyLimiter(MAX_UNDER_WAY);
  socket.onAny((event: string, ...args: unknown[]) => {
    const ack = args.at(-1);
    const input = typeof ack === 'function' ? args.slice(0, -1) : args;
    const answered = limiter.run(() => answer(event, input));
    if (limiter.waiting > 0) webSocketOf(socket)?.pause();
    void answered.then((reply) => {
      const webSocket = webSocketOf(socket);
      if (webSocket?.isPaused && limiter.waiting === 0) webSocket.resume();
      if (typeof ack === 'function') ack(reply);
    });
  });

  async function answer(event: string, input: unknown[]): Promise<object> {
    try {
      if (hasSentLarge && isTooLarge([event, ...input])) throw new ChatError('PAYLOAD_TOO_LARGE');
      if (!parts.registry.isHeld(session)) throw new ChatError('UNAVAILABLE', { retryAfterMs: NOT_HELD_RETRY_MS });
      if (!Object.hasOwn(handlers, event))
        throw new ChatError('INVALID_PAYLOAD', { message: 'There is no such event.' });
      const handler = handlers[event as keyof EventHandlers];
      const payload = parsePayload(handler.payload, input[0]);
      session.hasSpoken = true;
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
    return true; // nested too deeply to be written
  }
}

/** undefined where it is polled: each request is bounded then, and the next one comes when that is answered. */
const webSocketOf = ({ conn }: ChatSocket) =>
  (conn.transport as { socket?: { readonly isPaused: boolean; pause(): void; resume(): void } }).socket;
