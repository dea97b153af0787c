import { Button, Group, Text } from '@mantine/core';
import type { OutboxMessage } from '@parley/client';
import { useChatClient } from '../../chat-context.tsx';

/** Why a message was not sent, and what can be done. */
export function FailedMessageActions({ message }: { message: OutboxMessage }) {
  const chat = useChatClient();
  return (
    <Group gap="xs" justify="flex-end" mt={4} role="alert">
      <Text size="xs" c="var(--mantine-color-error)">
        Not sent. {message.error?.message}
      </Text>
      <Button size="compact-xs" variant="light" onClick={() => chat.retrySending(message.clientMessageId)}>
        Try again
      </Button>
      <Button size="compact-xs" variant="subtle" color="gray" onClick={() => chat.discard(message.clientMessageId)}>
        Discard
      </Button>
    </Group>
  );
}
