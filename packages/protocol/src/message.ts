import { z } from 'zod';
import { CHANGE_KINDS, MESSAGE_KINDS, SENDABLE_KINDS } from './constants.ts';
import { ClientMessageId, ConversationId, MediaId, MessageId, Seq, UserId } from './ids.ts';
import { MessageText } from './text.ts';

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
    replyTo: MessageId.optional().meta({
      description: 'What it answers; of an `edit`, `delete` or `reaction`, the message that it changes',
    }),
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
    replyTo: MessageId.optional().meta({ description: 'A message of the same conversation that this one answers' }),
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

/** Which message a change is about, and the id that makes the change itself one message of the log. */
const changeOf = {
  conversationId: ConversationId,
  messageId: MessageId,
  clientMessageId: ClientMessageId,
};

/** Only who sent a message may edit it; the newest edit counts. */
export const EditPayload = z.object({ ...changeOf, text: MessageText }).meta({ id: 'EditPayload' });
export type EditPayload = z.infer<typeof EditPayload>;

/** Who sent a message may delete it, and who created its group or channel. */
export const DeletePayload = z.object(changeOf).meta({ id: 'DeletePayload' });
export type DeletePayload = z.infer<typeof DeletePayload>;

/** One emoji, in code points: families and flags are made of several. */
const MAX_EMOJI_CODE_POINTS = 16;

export const Emoji = z
  .string()
  .max(2 * MAX_EMOJI_CODE_POINTS)
  .refine((text) => /^\p{RGI_Emoji}$/v.test(text), 'not one emoji')
  .meta({ description: 'One emoji', example: '👍' });

/** Everyone has one reaction to a message at most: the newest counts. */
export const ReactPayload = z
  .object({ ...changeOf, emoji: Emoji.optional().meta({ description: 'Without one the reaction is taken back' }) })
  .meta({ id: 'ReactPayload' });
export type ReactPayload = z.infer<typeof ReactPayload>;

export type ChangeKind = (typeof CHANGE_KINDS)[number];
export const isChangeKind = (kind: MessageKind): kind is ChangeKind =>
  (CHANGE_KINDS as readonly MessageKind[]).includes(kind);
