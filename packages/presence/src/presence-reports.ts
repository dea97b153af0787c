import type { ConversationId, UserId } from '@parley/protocol';

/**
 * What a chat server has just seen. Reports make presence quick, never right: one may be lost, and what counts is who
 * holds a place.
 */
export type PresenceReport =
  /** With all conversations of the user but the lobby. */
  | { readonly kind: 'opened'; readonly userId: UserId; readonly conversationIds: readonly ConversationId[] }
  | { readonly kind: 'ended'; readonly userId: UserId }
  /** The user said to be away, or back: the board knows which. */
  | { readonly kind: 'away'; readonly userId: UserId }
  /** These users came into a conversation, or left it. */
  | { readonly kind: 'members'; readonly conversationId: ConversationId; readonly userIds: readonly UserId[] };

/**
 * Reports as text, a line each; ids have no spaces:
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

/** Lines of a kind that is not known here come from a newer release, and are left out. */
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
