import { z } from 'zod';
import { ClientMessageId, ConversationId, MediaId, MessageId, Seq, UserId } from './ids.ts';
import { MessageText } from './text.ts';

/** Kinds that a client may send with `message:send`. */
export const SENDABLE_KINDS = ['text', 'audio', 'video', 'image', 'file'] as const;
export const MESSAGE_KINDS = [...SENDABLE_KINDS, 'edit', 'delete', 'reaction', 'system'] as const;

export const MessageKind = z.enum(MESSAGE_KINDS);
export type MessageKind = z.infer<typeof MessageKind>;

/** An instant as ISO 8601 in UTC with milliseconds. */
export const IsoTime = z.iso.datetime().meta({ example: '2026-01-31T12:00:00.000Z' });

export const Media = z
  .object({
    mediaId: MediaId,
    contentType: z.string(),
    bytes: z.int().min(1),
    durationMs: z.int().min(0).optional(),
  })
  .meta({ id: 'Media' });
export type Media = z.infer<typeof Media>;

/** A message as clients see it; the packet or page around it names the conversation once. */
export const Message = z
  .object({
    id: MessageId,
    seq: Seq,
    senderId: UserId,
    clientMessageId: ClientMessageId,
    kind: MessageKind,
    text: z.string().optional(),
    media: Media.optional(),
    replyTo: MessageId.optional(),
    createdAt: IsoTime,
  })
  .meta({ id: 'Message' });
export type Message = z.infer<typeof Message>;

/** What `message:send` takes: a text, or a medium that was uploaded before, with or without a caption. */
export const SendPayload = z
  .object({
    conversationId: ConversationId,
    clientMessageId: ClientMessageId,
    kind: z.enum(SENDABLE_KINDS),
    text: MessageText.optional(),
    mediaId: MediaId.optional(),
  })
  .superRefine((payload, issues) => {
    const isText = payload.kind === 'text';
    if (isText && payload.text === undefined) {
      issues.addIssue({ code: 'custom', path: ['text'], message: 'a text message needs a text' });
    }
    if (isText === (payload.mediaId !== undefined)) {
      const message = isText ? 'a text message has no medium' : `a message of kind ${payload.kind} needs a mediaId`;
      issues.addIssue({ code: 'custom', path: ['mediaId'], message });
    }
  })
  .meta({ id: 'SendPayload' });
export type SendPayload = z.infer<typeof SendPayload>;
