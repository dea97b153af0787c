import { Loader, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { User } from '@parley/protocol';
import { useEffect, useState } from 'react';
import { useChatClient } from '../../chat-context.tsx';
import { describeError } from '../../ui/describe-error.ts';
import { useRetryAfter } from '../../ui/use-retry-after.ts';
import { UserAvatar } from '../user-avatar.tsx';
import classes from './sidebar.module.css';

const TYPING_PAUSE_MS = 200;

/** Finds users by the beginning of their name. */
export function UserSearch({ onPick, excluded = [] }: { onPick: (user: User) => void; excluded?: readonly User[] }) {
  const chat = useChatClient();
  const [typed, setTyped] = useState('');
  const [query] = useDebouncedValue(typed.trim(), TYPING_PAUSE_MS);
  const [found, setFound] = useState<readonly User[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const { attempt, retryAfter } = useRetryAfter();

  useEffect(() => {
    let isCurrent = true;
    chat.searchUsers(query).then(
      (users) => {
        if (!isCurrent) return;
        setFound(users);
        setError(null);
      },
      (reason: unknown) => {
        if (!isCurrent) return;
        setError(describeError(reason));
        retryAfter(reason);
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [chat, query, attempt]);

  const pick = (user: User) => {
    setTyped('');
    onPick(user);
  };
  const shown = found?.filter(({ id }) => excluded.every((user) => user.id !== id));
  return (
    <Stack gap="xs">
      <TextInput
        label="Find people"
        placeholder="Type a name"
        data-autofocus
        dir="auto"
        value={typed}
        error={error}
        rightSection={found === null && error === null ? <Loader size="xs" /> : null}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Text role="status" size="sm" c="dimmed">
        {found?.length === 0 && (query === '' ? 'No other users yet.' : 'No users found.')}
      </Text>
      <Stack gap={2} mah="18rem" style={{ overflowY: 'auto' }}>
        {shown?.map((user) => (
          <UnstyledButton key={user.id} className={classes.item} onClick={() => pick(user)}>
            <UserAvatar name={user.displayName} size={28} />
            <span className={classes.itemText}>
              <Text component="span" display="block" truncate dir="auto" ta="start">
                {user.displayName}
              </Text>
              <Text component="span" display="block" truncate size="xs" c="dimmed">
                {user.username}
              </Text>
            </span>
          </UnstyledButton>
        ))}
      </Stack>
    </Stack>
  );
}
