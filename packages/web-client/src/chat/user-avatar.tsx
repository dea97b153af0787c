import { Avatar } from '@mantine/core';
import type { UserId } from '@parley/protocol';
import { PresenceDot } from './presence.tsx';
import classes from './user-avatar.module.css';

/** Returns the first characters of the first and the last word, in any script. */
function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u);
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return chosen
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toLocaleUpperCase();
}

interface UserAvatarProps {
  readonly name: string;
  readonly size?: number;
  /** If set, the avatar shows the presence of this user. Hidden from screen readers. */
  readonly userId?: UserId | undefined;
}

/** The user's initials on a colour derived from the name. Hidden from screen readers, because the name is next to it. */
export function UserAvatar({ name, size = 38, userId }: UserAvatarProps) {
  return (
    <span className={classes.frame}>
      <Avatar name={name} color="initials" size={size} aria-hidden>
        {initialsOf(name)}
      </Avatar>
      {userId && (
        <span className={classes.presence} aria-hidden>
          <PresenceDot userId={userId} />
        </span>
      )}
    </span>
  );
}
