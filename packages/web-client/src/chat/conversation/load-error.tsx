import { Alert, Button, Group, Text } from '@mantine/core';
import type { ParleyError } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { useEffect } from 'react';
import { useChatClient } from '../../chat-context.tsx';

/** A failure that may pass is tried again by itself, this much later. */
const LOAD_AGAIN_MS = 5_000;

/** History that could not be loaded, and the way to try again; where there is hope, that also happens by itself. */
export function LoadError({ conversationId, error }: { conversationId: ConversationId; error: ParleyError }) {
  const chat = useChatClient();
  useEffect(() => {
    if (!error.retryable) return;
    const timer = setTimeout(
      () => void chat.loadOlder(conversationId),
      Math.max(LOAD_AGAIN_MS, error.retryAfterMs ?? 0),
    );
    return () => clearTimeout(timer);
  }, [chat, conversationId, error]);
  return (
    <Alert color="red" radius={0} py="xs" role="alert">
      <Group justify="space-between">
        <Text size="sm">Earlier history could not be loaded. {error.message}</Text>
        <Button size="compact-sm" variant="default" onClick={() => void chat.loadOlder(conversationId)}>
          Load again
        </Button>
      </Group>
    </Alert>
  );
}
