import { Button, Stack, TextInput } from '@mantine/core';
import { MAX_NAME_CHARACTERS } from '@parley/client';
import { type SubmitEvent, useState } from 'react';
import { useChatClient } from '../../chat-context.tsx';
import { FormError } from '../../ui/form-error.tsx';
import { useSubmit, waitingLabel } from '../../ui/use-submit.ts';

export function GuestForm() {
  const chat = useChatClient();
  const { isBusy, error, waitSeconds, submit } = useSubmit();
  const [displayName, setDisplayName] = useState('');
  const [nameError, setNameError] = useState<string | null>(null);

  const join = (event: SubmitEvent) => {
    event.preventDefault();
    const name = displayName.trim();
    setNameError(name === '' ? 'Enter a display name.' : null);
    if (name !== '') void submit(() => chat.joinAsGuest(name));
  };

  return (
    <form onSubmit={join} noValidate aria-label="Join as guest">
      <Stack gap="sm">
        <TextInput
          label="Display name"
          autoComplete="nickname"
          dir="auto"
          maxLength={MAX_NAME_CHARACTERS}
          value={displayName}
          error={nameError}
          onChange={(event) => setDisplayName(event.currentTarget.value)}
        />
        <FormError error={error} />
        <Button type="submit" loading={isBusy} disabled={waitSeconds > 0} fullWidth>
          {waitingLabel('Join as guest', waitSeconds)}
        </Button>
      </Stack>
    </form>
  );
}
