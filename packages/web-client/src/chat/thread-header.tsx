import { ActionIcon, Title } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useChatClient } from '../chat-context.tsx';
import { BackIcon } from '../shell/icons.tsx';
import { ConnectionStatus } from './connection-status.tsx';
import classes from './thread-header.module.css';

/** Where the reader is; on a touch screen the focus comes here, so that no keyboard springs up. */
export function ThreadHeader({ title }: { title: string }) {
  const chat = useChatClient();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!matchMedia('(pointer: fine)').matches) heading.current?.focus();
  }, []);
  return (
    <header className={classes.header}>
      <ActionIcon
        className={classes.back}
        variant="subtle"
        size="lg"
        aria-label="Back to the conversations"
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
        <ConnectionStatus />
      </div>
    </header>
  );
}
