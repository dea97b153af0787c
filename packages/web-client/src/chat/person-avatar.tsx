import { Avatar } from '@mantine/core';

/** The first character of the first and the last word, whatever the script. */
function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u);
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return chosen
    .map((word) => [...(word ?? '')][0] ?? '')
    .join('')
    .toLocaleUpperCase();
}

/** A person's initials in a colour of their own. Beside the name, so it says nothing to a screen reader. */
export function PersonAvatar({ name, size }: { name: string; size?: number }) {
  return (
    <Avatar name={name} color="initials" aria-hidden {...(size !== undefined && { size })}>
      {initialsOf(name)}
    </Avatar>
  );
}
