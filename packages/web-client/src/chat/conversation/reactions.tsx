import { UnstyledButton } from '@mantine/core';
import type { ChatSnapshot, TimelineEntry } from '@parley/client';
import type { UserId } from '@parley/protocol';
import { useChat, useChatClient } from '../../chat-context.tsx';
import { useConversationActions } from './conversation-context.tsx';
import classes from './reactions.module.css';
import { nameOf } from './rows.ts';

/** Maximum number of names in a label. */
const MAX_NAMES = 12;

/** The reactions to a message with counts. A click adds or removes the user's own reaction. */
export function Reactions({ entry }: { entry: TimelineEntry }) {
  return (
    <ul className={classes.list} aria-label="Reactions">
      {entry.reactions.map((reaction) => (
        <li key={reaction.emoji}>
          <Reaction entry={entry} {...reaction} />
        </li>
      ))}
    </ul>
  );
}

interface ReactionProps {
  readonly entry: TimelineEntry;
  readonly emoji: string;
  readonly userIds: readonly UserId[];
}

function Reaction({ entry, emoji, userIds }: ReactionProps) {
  const chat = useChatClient();
  const { conversationId, run } = useConversationActions();
  const myId = useChat((snapshot) => snapshot.me?.id);
  const who = useChat((snapshot) => namesOf(snapshot, userIds));
  const isOwn = userIds.some((id) => id === myId);
  return (
    <UnstyledButton
      className={classes.reaction}
      aria-pressed={isOwn}
      aria-label={`${emoji} ${userIds.length}: ${who}`}
      title={who}
      onClick={() => void run(chat.react(conversationId, entry.message.id, isOwn ? null : emoji))}
    >
      <span aria-hidden>{emoji}</span>
      <span aria-hidden>{userIds.length}</span>
    </UnstyledButton>
  );
}

function namesOf(snapshot: ChatSnapshot, userIds: readonly UserId[]): string {
  const names = userIds.slice(0, MAX_NAMES).map((id) => (id === snapshot.me?.id ? 'you' : nameOf(snapshot, id)));
  const more = userIds.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
