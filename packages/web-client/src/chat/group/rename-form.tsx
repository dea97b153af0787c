import { Button, Group, TextInput } from '@mantine/core';
import { MAX_NAME_CHARACTERS } from '@parley/client';
import type { ConversationId } from '@parley/protocol';
import { type SubmitEvent, useState } from 'react';
import { useChatClient } from '../../chat-context.tsx';
import { FormError } from '../../ui/form-error.tsx';
import { useSubmit } from '../../ui/use-submit.ts';

/** Renames a group. */
export function RenameForm({ conversationId, title }: { conversationId: ConversationId; title: string }) {
  const chat = useChatClient();
  const { isBusy, error, submit } = useSubmit();
  const [typed, setTyped] = useState(title);
  const wanted = typed.trim();
  const rename = (event: SubmitEvent) => {
    event.preventDefault();
    if (wanted !== '' && wanted !== title) void submit(() => chat.renameGroup(conversationId, wanted));
  };
  return (
    <form onSubmit={rename} noValidate>
      <Group align="end" gap="xs" wrap="nowrap">
        <TextInput
          flex={1}
          label="Group name"
          dir="auto"
          maxLength={MAX_NAME_CHARACTERS}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button type="submit" variant="light" loading={isBusy} disabled={wanted === '' || wanted === title}>
          Rename
        </Button>
      </Group>
      <FormError error={error} />
    </form>
  );
}
