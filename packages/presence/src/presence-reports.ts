import type { ConversationId, UserId } from '@parley/protocol';

/**
 * A hint from a chat server that presence may have changed. Reports only shorten the delay: a report may be lost, and the
 * session leases decide who is online.
 */
export type PresenceReport =
  /** A session started. Has all conversations of the user except the lobby. */
  | { readonly kind: 'opened'; readonly userId: UserId; readonly conversationIds: readonly ConversationId[] }
  /** A session ended. */
  | { readonly kind: 'ended'; readonly userId: UserId }
  /** The user's away status changed; the presence store has the new one. */
  | { readonly kind: 'away'; readonly userId: UserId }
  /** These users joined or left a conversation. */
  | { readonly kind: 'members'; readonly conversationId: ConversationId; readonly userIds: readonly UserId[] };

/**
 * Encodes a report as one line of text. Ids have no spaces:
 *
 *     o <userId> <conversationId> …
 *     e <userId>
 *     a <userId>
 *     m <conversationId> <userId> …
 */
export const toLine = (report: PresenceReport): string => {
  switch (report.kind) {
    case 'opened':
      return ['o', report.userId, ...report.conversationIds].join(' ');
    case 'ended':
      return `e ${report.userId}`;
    case 'away':
      return `a ${report.userId}`;
    case 'members':
      return ['m', report.conversationId, ...report.userIds].join(' ');
  }
};

/** Decodes lines. A line of an unknown kind is from a newer release and is skipped. */
export const fromLines = (text: string): PresenceReport[] => text.split('\n').flatMap((line) => fromLine(line) ?? []);

function fromLine(line: string): PresenceReport | undefined {
  const [kind, id, ...more] = line.split(' ');
  if (!id) return undefined;
  switch (kind) {
    case 'o':
      return { kind: 'opened', userId: id as UserId, conversationIds: more as ConversationId[] };
    case 'e':
      return { kind: 'ended', userId: id as UserId };
    case 'a':
      return { kind: 'away', userId: id as UserId };
    case 'm':
      return { kind: 'members', conversationId: id as ConversationId, userIds: more as UserId[] };
    default:
      return undefined;
  }
}
