import { Avatar, Badge, Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import type { Conversation } from '@parley/protocol';
import { useChat, useChatClient } from '../../chat-context.tsx';
import { formatShort } from '../../ui/format-time.ts';
import { PeopleIcon } from '../../ui/icons.tsx';
import { otherOf, titleOf } from '../conversation-title.ts';
import { usePresenceText } from '../presence.tsx';
import { UserAvatar } from '../user-avatar.tsx';
import { previewOf } from './preview.ts';
import classes from './sidebar.module.css';

interface ConversationItemProps {
  readonly conversation: Conversation;
  readonly onOpen?: () => void;
}

/** A conversation in the list: title, preview of the newest message, and unread count. */
export function ConversationItem({ conversation, onOpen }: ConversationItemProps) {
  const chat = useChatClient();
  const myId = useChat((snapshot) => snapshot.me?.id);
  const isOpen = useChat((snapshot) => snapshot.openConversationId === conversation.id);
  const unread = useChat((snapshot) => snapshot.views.get(conversation.id)?.unread ?? 0);
  const preview = useChat((snapshot) => previewOf(snapshot, conversation));
  const activeAt = useChat((snapshot) => snapshot.views.get(conversation.id)?.timeline.at(-1)?.message.createdAt);
  const title = titleOf(conversation, myId);
  const otherId = otherOf(conversation, myId)?.id;
  const presence = usePresenceText(otherId);
  const open = () => {
    void chat.open(conversation.id);
    onOpen?.();
  };
  return (
    <UnstyledButton className={classes.item} aria-current={isOpen} onClick={open}>
      {conversation.kind === 'direct' ? (
        <UserAvatar name={title} userId={otherId} />
      ) : (
        <Avatar color="indigo.8" variant="filled" aria-hidden>
          <PeopleIcon />
        </Avatar>
      )}
      <span className={classes.itemText}>
        <span className={classes.itemLine}>
          <Text component="span" truncate flex={1} dir="auto" ta="start" fw={unread > 0 ? 700 : 500}>
            {title}
          </Text>
          {presence && <VisuallyHidden>{presence}</VisuallyHidden>}
          {activeAt && (
            <Text component="time" dateTime={activeAt} size="xs" c="dimmed">
              {formatShort(activeAt)}
            </Text>
          )}
        </span>
        <span className={classes.itemLine}>
          <Text component="span" truncate flex={1} size="xs" c="dimmed" dir="auto" ta="start">
            {preview}
          </Text>
          {unread > 0 && (
            <Badge circle={unread < 10} size="sm" variant="filled">
              {unread > 99 ? '99+' : unread}
              <VisuallyHidden> unread</VisuallyHidden>
            </Badge>
          )}
        </span>
      </span>
    </UnstyledButton>
  );
}
