import { ActionIcon, Text } from '@mantine/core';
import type { User } from '@parley/protocol';
import { CloseIcon } from '../../ui/icons.tsx';
import { usePresenceText } from '../presence.tsx';
import { UserAvatar } from '../user-avatar.tsx';
import classes from './group-drawer.module.css';

interface MemberItemProps {
  readonly member: User;
  readonly isMe: boolean;
  readonly isCreator: boolean;
  /** Undefined if the current user may not remove this member. */
  readonly onRemove: (() => void) | undefined;
}

/** A group member with presence. */
export function MemberItem({ member, isMe, isCreator, onRemove }: MemberItemProps) {
  const presence = usePresenceText(member.id);
  const notes = [isMe && 'You', isCreator && 'Group creator', !isMe && presence].filter((note) => note);
  return (
    <li className={classes.member}>
      <UserAvatar name={member.displayName} size={34} userId={isMe ? undefined : member.id} />
      <span className={classes.name}>
        <Text component="span" display="block" truncate dir="auto" ta="start">
          {member.displayName}
        </Text>
        <Text component="span" display="block" truncate size="xs" c="dimmed">
          {notes.join(' · ')}
        </Text>
      </span>
      {onRemove && (
        <ActionIcon variant="subtle" color="gray" aria-label={`Remove ${member.displayName}`} onClick={onRemove}>
          <CloseIcon size={18} />
        </ActionIcon>
      )}
    </li>
  );
}
