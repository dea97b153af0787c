import { Button } from '@mantine/core';
import type { Conversation, User } from '@parley/protocol';
import { useState } from 'react';
import { useChatClient } from '../../chat-context.tsx';
import { FormError } from '../../ui/form-error.tsx';
import { useSubmit } from '../../ui/use-submit.ts';
import { UserSearch } from '../sidebar/user-search.tsx';

/** Adds users to a group. */
export function InviteForm({ conversation }: { conversation: Conversation }) {
  const chat = useChatClient();
  const { error, submit } = useSubmit();
  const [isOpen, setIsOpen] = useState(false);
  if (!isOpen) {
    return (
      <Button variant="light" onClick={() => setIsOpen(true)}>
        Invite people
      </Button>
    );
  }
  return (
    <div>
      <UserSearch
        excluded={conversation.members}
        onPick={(user: User) => void submit(() => chat.invite(conversation.id, [user.id]))}
      />
      <FormError error={error} />
    </div>
  );
}
