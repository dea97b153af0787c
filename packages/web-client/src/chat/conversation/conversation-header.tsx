import { ActionIcon, Text, Title } from '@mantine/core';
import type { ChatSnapshot } from '@parley/client';
import type { Conversation } from '@parley/protocol';
import { useEffect, useRef, useState } from 'react';
import { useChat, useChatClient } from '../../chat-context.tsx';
import { BackIcon, InfoIcon } from '../../ui/icons.tsx';
import { lazyComponent } from '../../ui/lazy-component.tsx';
import { otherOf } from '../conversation-title.ts';
import { PresenceDot, presenceOf, usePresenceText } from '../presence.tsx';
import { useIsOnline } from '../use-is-online.ts';
import classes from './conversation-header.module.css';

const GroupDrawer = lazyComponent(() => import('../group/group-drawer.tsx'));

/** The header of a conversation. On touch screens it takes the focus, because focusing the input opens the keyboard. */
export function ConversationHeader({ title, conversation }: { title: string; conversation: Conversation | undefined }) {
  const chat = useChatClient();
  const heading = useRef<HTMLHeadingElement>(null);
  const [isInfoOpen, setIsInfoOpen] = useState(false);
  useEffect(() => {
    if (!matchMedia('(pointer: fine)').matches) heading.current?.focus();
  }, []);
  const hasInfo = conversation && conversation.kind !== 'direct' && conversation.members.length > 0;
  return (
    <header className={classes.header}>
      <ActionIcon
        className={classes.back}
        variant="subtle"
        size="lg"
        aria-label="Back to conversations"
        onClick={() => void chat.open(null)}
      >
        <BackIcon />
      </ActionIcon>
      <div className={classes.names}>
        <Title
          ref={heading}
          className={classes.title}
          order={2}
          size="h4"
          dir="auto"
          ta="start"
          lineClamp={1}
          tabIndex={-1}
        >
          {title}
        </Title>
        {conversation && <MemberSummary conversation={conversation} />}
      </div>
      {hasInfo && (
        <>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label="Group details"
            title="Group details"
            aria-haspopup="dialog"
            onClick={() => setIsInfoOpen(true)}
          >
            <InfoIcon size={22} />
          </ActionIcon>
          {isInfoOpen && <GroupDrawer conversation={conversation} onClose={() => setIsInfoOpen(false)} />}
        </>
      )}
    </header>
  );
}

function MemberSummary({ conversation }: { conversation: Conversation }) {
  const myId = useChat((snapshot) => snapshot.me?.id);
  const otherId = otherOf(conversation, myId)?.id;
  const presence = usePresenceText(otherId);
  const isOnline = useIsOnline();
  const summary = useChat((snapshot) => describeMembers(snapshot, conversation, isOnline));
  return (
    <div className={classes.presence}>
      {otherId && (
        <span aria-hidden className={classes.dot}>
          <PresenceDot userId={otherId} />
        </span>
      )}
      <Text size="xs" c="dimmed" truncate>
        {otherId ? presence : summary}
      </Text>
    </div>
  );
}

/** @param isConnected while it is false, it is not known who is online */
function describeMembers(snapshot: ChatSnapshot, { id, kind, members }: Conversation, isConnected: boolean): string {
  if (kind === 'channel') {
    const online = isConnected ? snapshot.onlineCounts.get(id) : undefined;
    return online === undefined ? 'Open to everyone' : `${online.toLocaleString('en')} online`;
  }
  const isOnline = (userId: (typeof members)[number]['id']) =>
    userId === snapshot.me?.id || (presenceOf(snapshot, userId) ?? 'offline') !== 'offline';
  const count = members.length === 1 ? '1 member' : `${members.length} members`;
  if (!isConnected) return count;
  return `${count}, ${members.filter((member) => isOnline(member.id)).length} online`;
}
