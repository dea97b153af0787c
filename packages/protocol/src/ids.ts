import { z } from 'zod';

/**
 * Identifiers are plain strings and numbers on the wire. In the code each kind has its own brand, so the compiler refuses a user id
 * in place of a conversation id.
 */
const opaqueId = (name: string) =>
  z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Za-z0-9_-]+$/, `a ${name} consists of letters, digits, "_" and "-"`);

export const UserId = opaqueId('user id').brand<'UserId'>();
export type UserId = z.infer<typeof UserId>;

export const ConversationId = opaqueId('conversation id').brand<'ConversationId'>();
export type ConversationId = z.infer<typeof ConversationId>;

export const MessageId = opaqueId('message id').brand<'MessageId'>();
export type MessageId = z.infer<typeof MessageId>;

export const MediaId = opaqueId('media id').brand<'MediaId'>();
export type MediaId = z.infer<typeof MediaId>;

/** Chosen by the sender, unique per message. A repeat from the same sender denotes the same message. */
export const ClientMessageId = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\x21-\x7e]+$/, 'a clientMessageId has 1 to 64 visible ASCII characters')
  .brand<'ClientMessageId'>();
export type ClientMessageId = z.infer<typeof ClientMessageId>;

/** The position of a message in its conversation: 1, 2, 3 … without a gap. */
export const Seq = z.int().min(1).brand<'Seq'>();
export type Seq = z.infer<typeof Seq>;

/** A position between messages: the seq of the message before it, 0 at the start. */
export const SeqCursor = z.int().min(0);
export type SeqCursor = z.infer<typeof SeqCursor>;
