import { Alert, Button, Group, Text } from '@mantine/core';
import type { ParleyError } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { useEffect } from 'react';
import { useChatClient } from '../../chat-context.tsx';

/** Minimum delay before an automatic retry. */
const RETRY_AFTER_MS = 5_000;

/** Shows that a page of history could not be loaded. Retries automatically if the error is retryable. */
export function LoadError({ conversationId, error }: { conversationId: ConversationId; error: ParleyError }) {
  const chat = useChatClient();
  useEffect(() => {
    if (!error.retryable) return;
    const timer = setTimeout(
      () => void chat.loadOlder(conversationId),
      Math.max(RETRY_AFTER_MS, error.retryAfterMs ?? 0),
    );
    return () => clearTimeout(timer);
  }, [chat, conversationId, error]);
  return (
    <Alert color="red" radius={0} py="xs" role="alert">
      <Group justify="space-between">
        <Text size="sm">Could not load earlier messages. {error.message}</Text>
        <Button size="compact-sm" variant="default" onClick={() => void chat.loadOlder(conversationId)}>
          Retry
        </Button>
      </Group>
    </Alert>
  );
}
