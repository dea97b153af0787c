import { Text } from '@mantine/core';
import type { TimelineEntry } from '@parley/client';
import { useChatClient } from '../../chat-context.tsx';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { useConversationActions } from './conversation-context.tsx';

/** Asks for confirmation, because a deletion cannot be undone. */
export default function DeleteDialog({ entry }: { entry: TimelineEntry }) {
  const chat = useChatClient();
  const { conversationId, askToDelete } = useConversationActions();
  return (
    <ConfirmDialog
      title="Delete this message?"
      action="Delete"
      onClose={() => askToDelete(null)}
      onConfirm={() => chat.deleteMessage(conversationId, entry.message.id)}
    >
      <Text size="sm" c="dimmed" lineClamp={3} dir="auto">
        {entry.text}
      </Text>
      <Text size="sm" mt="xs">
        All members will see that it was deleted.
      </Text>
    </ConfirmDialog>
  );
}
