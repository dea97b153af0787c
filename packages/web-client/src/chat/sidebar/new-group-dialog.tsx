import { Button, Modal, Pill, Stack, TextInput } from '@mantine/core';
import { MAX_NAME_CHARACTERS } from '@parley/client';
import type { User } from '@parley/protocol';
import { type SubmitEvent, useState } from 'react';
import { useChatClient } from '../../chat-context.tsx';
import { FormError } from '../../ui/form-error.tsx';
import { useReturnFocus } from '../../ui/use-return-focus.ts';
import { useSubmit } from '../../ui/use-submit.ts';
import { UserSearch } from './user-search.tsx';

/** Creates a group with a name and members. */
export default function NewGroupDialog({ onClose }: { onClose: () => void }) {
  useReturnFocus();
  return (
    <Modal opened onClose={onClose} title="New group" closeButtonProps={{ 'aria-label': 'Close' }}>
      <NewGroupForm onDone={onClose} />
    </Modal>
  );
}

function NewGroupForm({ onDone }: { onDone: () => void }) {
  const chat = useChatClient();
  const { isBusy, error, submit } = useSubmit();
  const [title, setTitle] = useState('');
  const [members, setMembers] = useState<readonly User[]>([]);
  const create = (event: SubmitEvent) => {
    event.preventDefault();
    const memberIds = members.map(({ id }) => id);
    void submit(async () => {
      await chat.createGroup(title.trim(), memberIds);
      onDone();
    });
  };
  return (
    <form onSubmit={create} noValidate>
      <Stack gap="sm">
        <TextInput
          label="Group name"
          data-autofocus
          dir="auto"
          maxLength={MAX_NAME_CHARACTERS}
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <Pill.Group aria-label="Selected members">
          {members.map((member) => (
            <Pill
              key={member.id}
              withRemoveButton
              removeButtonProps={{ 'aria-label': `Remove ${member.displayName}`, tabIndex: 0, 'aria-hidden': false }}
              onRemove={() => setMembers(members.filter(({ id }) => id !== member.id))}
            >
              {member.displayName}
            </Pill>
          ))}
        </Pill.Group>
        <UserSearch onPick={(user) => setMembers([...members, user])} excluded={members} />
        <FormError error={error} />
        <Button type="submit" loading={isBusy} disabled={title.trim() === '' || members.length === 0}>
          Create group
        </Button>
      </Stack>
    </form>
  );
}
