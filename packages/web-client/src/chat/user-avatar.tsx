import { Avatar } from '@mantine/core';
import type { UserId } from '@parley/protocol';
import { PresenceDot } from './presence.tsx';
import classes from './user-avatar.module.css';

/** The first character of the first and the last word, whatever the script. */
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
  /** Whose presence is shown at the corner, for the eye only. */
  readonly userId?: UserId | undefined;
}

/** A person's initials in a colour of their own. Beside the name, so they say nothing to a screen reader. */
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
