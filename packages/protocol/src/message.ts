import { z } from 'zod';
import { CHANGE_KINDS, MESSAGE_KINDS, SENDABLE_KINDS } from './constants.ts';
import { ClientMessageId, ConversationId, MediaId, MessageId, Seq, UserId } from './ids.ts';
import { MessageText } from './text.ts';

export const MessageKind = z.enum(MESSAGE_KINDS);
export type MessageKind = z.infer<typeof MessageKind>;

/** A time as ISO 8601 in UTC with milliseconds. */
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

/** A message as clients receive it. The surrounding packet or page names the conversation. */
export const Message = z
  .object({
    id: MessageId,
    seq: Seq,
    senderId: UserId.meta({
      description:
        'The user who sent it. `system` with the kind `system` and no text: a placeholder for a message that was lost with Redis data before it was stored. It keeps pages gap-free; do not show or count it',
    }),
    clientMessageId: ClientMessageId,
    kind: MessageKind,
    text: z.string().optional(),
    media: Media.optional(),
    replyTo: MessageId.optional().meta({
      description:
        'The message that this one replies to. For `edit`, `delete` and `reaction`: the message that it changes',
    }),
    createdAt: IsoTime,
  })
  .meta({ id: 'Message' });
export type Message = z.infer<typeof Message>;

/** The payload of `message:send`: a text, or an uploaded attachment with or without a caption. */
export const SendPayload = z
  .object({
    conversationId: ConversationId,
    clientMessageId: ClientMessageId,
    kind: z.enum(SENDABLE_KINDS),
    text: MessageText.optional(),
    mediaId: MediaId.optional(),
    replyTo: MessageId.optional().meta({
      description: 'The message of the same conversation that this one replies to',
    }),
  })
  .superRefine((payload, issues) => {
    const isText = payload.kind === 'text';
    if (isText && payload.text === undefined) {
      issues.addIssue({ code: 'custom', path: ['text'], message: 'a text message needs a text' });
    }
    if (isText === (payload.mediaId !== undefined)) {
      const message = isText ? 'a text message has no attachment' : `a message of kind ${payload.kind} needs a mediaId`;
      issues.addIssue({ code: 'custom', path: ['mediaId'], message });
    }
  })
  .meta({ id: 'SendPayload' });
export type SendPayload = z.infer<typeof SendPayload>;

/** The message to change, and the id of the change, which is a message of the log as well. */
const changeOf = {
  conversationId: ConversationId,
  messageId: MessageId,
  clientMessageId: ClientMessageId,
};

/** Only the sender may edit a message. The newest edit counts. */
export const EditPayload = z.object({ ...changeOf, text: MessageText }).meta({ id: 'EditPayload' });
export type EditPayload = z.infer<typeof EditPayload>;

/** The sender and the creator of the group or channel may delete a message. */
export const DeletePayload = z.object(changeOf).meta({ id: 'DeletePayload' });
export type DeletePayload = z.infer<typeof DeletePayload>;

/** The longest emoji: families and flags consist of several code points. */
const MAX_EMOJI_CODE_POINTS = 16;

export const Emoji = z
  .string()
  .max(2 * MAX_EMOJI_CODE_POINTS)
  .refine((text) => /^\p{RGI_Emoji}$/v.test(text), 'must be one emoji')
  .meta({ description: 'One emoji', example: '👍' });

/** A user has at most one reaction to a message: the newest counts. */
export const ReactPayload = z
  .object({
    ...changeOf,
    emoji: Emoji.optional().meta({ description: 'Without it, the reaction of the user is removed' }),
  })
  .meta({ id: 'ReactPayload' });
export type ReactPayload = z.infer<typeof ReactPayload>;

export type ChangeKind = (typeof CHANGE_KINDS)[number];
export const isChangeKind = (kind: MessageKind): kind is ChangeKind =>
  (CHANGE_KINDS as readonly MessageKind[]).includes(kind);
