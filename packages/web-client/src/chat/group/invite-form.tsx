import { Button } from '@mantine/core';
import type { Conversation, User } from '@parley/protocol';
import { useState } from 'react';
import { useChatClient } from '../../chat-context.tsx';
import { FormError } from '../../welcome/form-error.tsx';
import { useSubmit } from '../../welcome/use-submit.ts';
import { PeopleSearch } from '../sidebar/people-search.tsx';

/** Brings somebody into a group. */
export function InviteForm({ conversation }: { conversation: Conversation }) {
  const chat = useChatClient();
  const { error, submit } = useSubmit();
  const [isOpen, setIsOpen] = useState(false);
  if (!isOpen) {
    return (
      <Button variant="light" onClick={() => setIsOpen(true)}>
        Invite somebody
      </Button>
    );
  }
  return (
    <div>
      <PeopleSearch
        excluded={conversation.members}
        onPick={(user: User) => void submit(() => chat.invite(conversation.id, [user.id]))}
      />
      <FormError error={error} />
    </div>
  );
}
