import { Alert, Button, Group, Text } from '@mantine/core';
import type { ParleyError } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { useChatClient } from '../../chat-context.tsx';

/** History that could not be loaded, and the way to try again. */
export function LoadError({ conversationId, error }: { conversationId: ConversationId; error: ParleyError }) {
  const chat = useChatClient();
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
