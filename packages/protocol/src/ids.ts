import { z } from 'zod';

/**
 * Identifiers travel as plain strings and numbers; in the code each kind has a brand of its own, so that a user id can't
 * stand where a conversation id belongs.
 */
const opaqueId = (name: string) =>
  z
    .string()
    .min(1)
    .max(64)
    .regex(/^[A-Za-z0-9_-]+$/, `a ${name} has only letters, digits, "_" and "-"`);

export const UserId = opaqueId('user id').brand<'UserId'>();
export type UserId = z.infer<typeof UserId>;

export const ConversationId = opaqueId('conversation id').brand<'ConversationId'>();
export type ConversationId = z.infer<typeof ConversationId>;

export const MessageId = opaqueId('message id').brand<'MessageId'>();
export type MessageId = z.infer<typeof MessageId>;

export const MediaId = opaqueId('media id').brand<'MediaId'>();
export type MediaId = z.infer<typeof MediaId>;

/** Chosen by the sender, one per message; the same one again from the same sender is the same message. */
export const ClientMessageId = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\x21-\x7e]+$/, 'a clientMessageId has 1 to 64 visible ASCII characters')
  .brand<'ClientMessageId'>();
export type ClientMessageId = z.infer<typeof ClientMessageId>;

/** A message's place in its conversation: 1, 2, 3 … without a gap. */
export const Seq = z.int().min(1).brand<'Seq'>();
export type Seq = z.infer<typeof Seq>;

/** A position between messages: 0 is before the first, otherwise that of the last one passed. */
export const SeqCursor = z.int().min(0);
export type SeqCursor = z.infer<typeof SeqCursor>;
