import { CloseButton, Group, Text } from '@mantine/core';
import { useConversationActions, useConversationState } from './conversation-context.tsx';

/** Shows why an action on a message failed. */
export function ConversationError() {
  const { error } = useConversationState();
  const { setError } = useConversationActions();
  return (
    <div role="alert">
      {error !== null && (
        <Group gap="xs" px="md" py={4} wrap="nowrap" justify="space-between">
          <Text size="sm" c="var(--mantine-color-error)">
            {error}
          </Text>
          <CloseButton size="sm" aria-label="Close" onClick={() => setError(null)} />
        </Group>
      )}
    </div>
  );
}
