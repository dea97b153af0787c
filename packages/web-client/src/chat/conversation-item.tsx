import { Avatar, Badge, Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import type { Conversation } from '@parley/protocol';
import { useChat, useChatClient } from '../chat-context.tsx';
import { PeopleIcon } from '../shell/icons.tsx';
import { titleOf } from './conversation-title.ts';
import { PersonAvatar } from './person-avatar.tsx';
import classes from './sidebar.module.css';

function describe({ kind, id, members }: Conversation): string {
  if (id === 'lobby') return 'Everyone is here';
  if (kind === 'direct') return 'Direct conversation';
  return members.length > 0 ? `Group of ${members.length}` : 'Channel';
}

export function ConversationItem({ conversation }: { conversation: Conversation }) {
  const chat = useChatClient();
  const myId = useChat((snapshot) => snapshot.me?.id);
  const isOpen = useChat((snapshot) => snapshot.openId === conversation.id);
  const unread = useChat((snapshot) => snapshot.threads.get(conversation.id)?.unread ?? 0);
  const title = titleOf(conversation, myId);
  return (
    <UnstyledButton className={classes.item} aria-current={isOpen} onClick={() => void chat.open(conversation.id)}>
      {conversation.kind === 'direct' ? (
        <PersonAvatar name={title} />
      ) : (
        <Avatar color="indigo" variant="filled" aria-hidden>
          <PeopleIcon />
        </Avatar>
      )}
      <span className={classes.itemText}>
        <Text component="span" display="block" truncate dir="auto" ta="start" fw={unread > 0 ? 700 : 500}>
          {title}
        </Text>
        <Text component="span" display="block" truncate size="xs" c="dimmed">
          {describe(conversation)}
        </Text>
      </span>
      {unread > 0 && (
        <Badge circle={unread < 10} variant="filled">
          {unread > 99 ? '99+' : unread}
          <VisuallyHidden> unread</VisuallyHidden>
        </Badge>
      )}
    </UnstyledButton>
  );
}
