import { Button, Group, Loader, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useChat, useChatClient } from '../chat-context.tsx';
import { rateRefusalOf, secondsUntil } from '../ui/rate-refusal.ts';
import { CentredScreen } from './centred-screen.tsx';

/** Shown until the first connection. Also reports a failed attempt. */
export function LoadingScreen() {
  const chat = useChatClient();
  const phase = useChat((snapshot) => snapshot.connection.phase);
  const refusal = useChat(rateRefusalOf);
  const [hasFailed, setHasFailed] = useState(false);
  // The phase is `connecting` again between two failures, so the message must not depend on it alone.
  if (phase === 'offline' && !hasFailed) setHasFailed(true);
  return (
    <CentredScreen>
      <Stack align="center">
        <Group justify="center" role="status">
          <Loader size="sm" />
          <Text>
            {refusal
              ? `${refusal.error.message} Retrying in ${secondsUntil(refusal.retryAtMs)} s.`
              : hasFailed
                ? 'Cannot connect to the server. Retrying…'
                : 'Signing in…'}
          </Text>
        </Group>
        {hasFailed && !refusal && (
          <Button variant="default" onClick={() => chat.retryNow()}>
            Retry now
          </Button>
        )}
      </Stack>
    </CentredScreen>
  );
}
