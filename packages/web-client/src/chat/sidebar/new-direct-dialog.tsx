import { Modal } from '@mantine/core';
import type { User } from '@parley/protocol';
import { useChatClient } from '../../chat-context.tsx';
import { FormError } from '../../ui/form-error.tsx';
import { useReturnFocus } from '../../ui/use-return-focus.ts';
import { useSubmit } from '../../ui/use-submit.ts';
import { UserSearch } from './user-search.tsx';

/** Selects a user and opens the direct conversation with them. */
export default function NewDirectDialog({ onClose }: { onClose: () => void }) {
  useReturnFocus();
  const chat = useChatClient();
  const { error, submit } = useSubmit();
  const start = (user: User) =>
    void submit(async () => {
      await chat.startDirect(user.id);
      onClose();
    });
  return (
    <Modal opened onClose={onClose} title="New message" closeButtonProps={{ 'aria-label': 'Close' }}>
      <UserSearch onPick={start} />
      <FormError error={error} />
    </Modal>
  );
}
