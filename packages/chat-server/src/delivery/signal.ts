import type { ConversationId, Receipt, UserId } from '@parley/protocol';

/** What is worth knowing now or not at all; whoever misses it hears it again, or asks. */
export type Signal =
  | {
      readonly kind: 'typing';
      readonly conversationId: ConversationId;
      readonly userId: UserId;
      readonly isTyping: boolean;
    }
  | { readonly kind: 'receipt'; readonly conversationId: ConversationId; readonly receipt: Receipt };

/** Of two with the same name the later one says all. */
export const nameOf = (signal: Signal): string =>
  `${signal.kind} ${signal.conversationId} ${signal.kind === 'typing' ? signal.userId : signal.receipt.userId}`;
