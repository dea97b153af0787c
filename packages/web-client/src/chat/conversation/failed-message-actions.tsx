import { Button, Group, Text } from '@mantine/core';
import type { OutboxMessage } from '@parley/client';
import { useChatClient } from '../../chat-context.tsx';

/** Shows why a message was not sent, with buttons to retry or discard it. After `CONFLICT` a retry would fail again. */
export function FailedMessageActions({ message }: { message: OutboxMessage }) {
  const chat = useChatClient();
  return (
    <Group gap="xs" justify="flex-end" mt={4} role="alert">
      <Text size="xs" c="var(--mantine-color-error)">
        Not sent. {message.error?.message}
      </Text>
      {message.error?.code !== 'CONFLICT' && (
        <Button size="compact-xs" variant="light" onClick={() => chat.retrySending(message.clientMessageId)}>
          Retry
        </Button>
      )}
      <Button size="compact-xs" variant="subtle" color="gray" onClick={() => chat.discard(message.clientMessageId)}>
        Discard
      </Button>
    </Group>
  );
}
