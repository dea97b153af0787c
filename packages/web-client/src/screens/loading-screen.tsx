import { Button, Group, Loader, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useChat, useChatClient } from '../chat-context.tsx';
import { CentredScreen } from './centred-screen.tsx';

/** Until the first connection: with nothing to show yet, it also says when there is none. */
export function LoadingScreen() {
  const chat = useChatClient();
  const phase = useChat((snapshot) => snapshot.connection.phase);
  const [hasFailed, setHasFailed] = useState(false);
  // Between two attempts it looks as if this were the first: what was said stays.
  if (phase === 'offline' && !hasFailed) setHasFailed(true);
  return (
    <CentredScreen>
      <Stack align="center">
        <Group justify="center" role="status">
          <Loader size="sm" />
          <Text>{hasFailed ? 'There is no connection yet. We keep trying…' : 'Signing you in…'}</Text>
        </Group>
        {hasFailed && (
          <Button variant="default" onClick={() => chat.retryNow()}>
            Try now
          </Button>
        )}
      </Stack>
    </CentredScreen>
  );
}
