import { isDeepStrictEqual } from 'node:util';
import {
  Conversation,
  DrainingPacket,
  HeadsPacket,
  IdlePacket,
  MessagesPacket,
  PresencePacket,
  ReceiptsPacket,
  type ServerToClientEvents,
  SessionEnd,
  StoredPacket,
  TypingPacket,
} from '@parley/protocol';
import type { z } from 'zod';

/** The compiler refuses this table when an event is missing. */
const PACKETS: Record<keyof ServerToClientEvents, z.ZodType> = {
  messages: MessagesPacket,
  stored: StoredPacket,
  conversation: Conversation,
  heads: HeadsPacket,
  typing: TypingPacket,
  receipts: ReceiptsPacket,
  presence: PresencePacket,
  'session:idle': IdlePacket,
  'session:replaced': SessionEnd,
  'session:expired': SessionEnd,
  'server:draining': DrainingPacket,
};

const MAX_EXCERPT = 300;

/** Returns what is wrong with a received event: an unknown one, a field that its schema does not have, a wrong value. */
export function describeUncheckedPacket(event: string, args: readonly unknown[]): string | undefined {
  const excerpt = JSON.stringify([event, ...args]).slice(0, MAX_EXCERPT);
  if (!Object.hasOwn(PACKETS, event)) return `an event that no server sends: ${excerpt}`;
  if (args.length !== 1) return `an event with ${args.length} arguments: ${excerpt}`;
  const parsed = PACKETS[event as keyof ServerToClientEvents].safeParse(args[0]);
  if (!parsed.success)
    return `${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}: ${excerpt}`;
  if (!isDeepStrictEqual(parsed.data, args[0])) return `a field that is not documented: ${excerpt}`;
  return undefined;
}
