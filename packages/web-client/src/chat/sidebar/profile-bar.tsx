import { Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { useRef, useState } from 'react';
import { useChat } from '../../chat-context.tsx';
import { lazyComponent } from '../../ui/lazy-component.tsx';
import { UserAvatar } from '../user-avatar.tsx';
import { ConnectionStatus } from './connection-status.tsx';
import classes from './sidebar.module.css';

const ProfileMenu = lazyComponent(() => import('./profile-menu.tsx'));

/** The current user and the connection state. */
export function ProfileBar() {
  const me = useChat((chat) => chat.me);
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  if (!me) return null;
  return (
    <div className={classes.profile}>
      <UnstyledButton
        ref={button}
        className={classes.profileButton}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        <UserAvatar name={me.displayName} size={36} />
        <Text component="span" truncate flex={1} dir="auto" ta="start" fw={500} lh={1.2}>
          {me.displayName}
        </Text>
        <VisuallyHidden>, profile and settings</VisuallyHidden>
      </UnstyledButton>
      <div className={classes.connection}>
        <ConnectionStatus />
      </div>
      {isOpen && button.current && <ProfileMenu anchor={button.current} onClose={() => setIsOpen(false)} />}
    </div>
  );
}
