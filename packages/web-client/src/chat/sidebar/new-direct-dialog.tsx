import { Modal } from '@mantine/core';
import type { User } from '@parley/protocol';
import { useChatClient } from '../../chat-context.tsx';
import { useReturnFocus } from '../../shell/use-return-focus.ts';
import { FormError } from '../../welcome/form-error.tsx';
import { useSubmit } from '../../welcome/use-submit.ts';
import { PeopleSearch } from './people-search.tsx';

/** Picks a person and opens the direct conversation with them. */
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
    <Modal opened onClose={onClose} title="Talk to someone" closeButtonProps={{ 'aria-label': 'Close' }}>
      <PeopleSearch onPick={start} />
      <FormError error={error} />
    </Modal>
  );
}
