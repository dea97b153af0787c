import { Modal } from '@mantine/core';
import type { User } from '@parley/protocol';
import { useChatClient } from '../chat-context.tsx';
import { FormError } from '../welcome/form-error.tsx';
import { useSubmit } from '../welcome/use-submit.ts';
import { PeopleSearch } from './people-search.tsx';

interface DialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Picks a person and opens the direct conversation with them. */
export function NewDirectDialog({ isOpen, onClose }: DialogProps) {
  const chat = useChatClient();
  const { error, submit } = useSubmit();
  const start = (user: User) =>
    void submit(async () => {
      await chat.startDirect(user.id);
      onClose();
    });
  return (
    <Modal opened={isOpen} onClose={onClose} title="Talk to someone" closeButtonProps={{ 'aria-label': 'Close' }}>
      <PeopleSearch onPick={start} />
      <FormError error={error} />
    </Modal>
  );
}
