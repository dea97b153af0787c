import { Anchor, Button, Group, Stack, TextInput } from '@mantine/core';
import { MAX_NAME_CHARACTERS } from '@parley/client';
import { type SubmitEvent, useState } from 'react';
import { useChatClient } from '../../chat-context.tsx';
import { FormError } from '../../ui/form-error.tsx';
import { useSubmit, waitingLabel } from '../../ui/use-submit.ts';

const MIN_PASSWORD_CHARACTERS = 8;

interface FieldErrors {
  readonly username?: string;
  readonly password?: string;
}

function findErrors(username: string, password: string, isNew: boolean): FieldErrors {
  return {
    ...(username === '' && { username: 'Enter your username.' }),
    ...(password === '' && { password: 'Enter your password.' }),
    ...(isNew &&
      password.length < MIN_PASSWORD_CHARACTERS && {
        password: `Choose a password of at least ${MIN_PASSWORD_CHARACTERS} characters.`,
      }),
  };
}

/** Log in or register with username and password, and an optional display name. */
export function AccountForm() {
  const chat = useChatClient();
  const { isBusy, error, waitSeconds, submit } = useSubmit();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [displayName, setDisplayName] = useState<string | null>(null);
  const [errors, setErrors] = useState<FieldErrors>({});

  const enter = (isNew: boolean) => {
    const name = username.trim();
    const found = findErrors(name, password, isNew);
    setErrors(found);
    if (Object.keys(found).length > 0) return;
    void submit(() =>
      isNew ? chat.register(name, password, displayName?.trim() || undefined) : chat.logIn(name, password),
    );
  };
  const logIn = (event: SubmitEvent) => {
    event.preventDefault();
    enter(false);
  };

  return (
    <form onSubmit={logIn} noValidate aria-label="Log in or register">
      <Stack gap="sm">
        <TextInput
          label="Username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={MAX_NAME_CHARACTERS}
          value={username}
          error={errors.username}
          onChange={(event) => setUsername(event.currentTarget.value)}
        />
        <TextInput
          label="Password"
          type="password"
          autoComplete="current-password"
          maxLength={256}
          value={password}
          error={errors.password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {displayName === null ? (
          <Anchor component="button" type="button" size="sm" ta="start" onClick={() => setDisplayName('')}>
            Set a display name
          </Anchor>
        ) : (
          <TextInput
            label="Display name (optional)"
            description="For registration. Default: the username."
            autoFocus
            dir="auto"
            maxLength={MAX_NAME_CHARACTERS}
            value={displayName}
            onChange={(event) => setDisplayName(event.currentTarget.value)}
          />
        )}
        <FormError error={error} />
        <Group grow>
          <Button type="submit" variant="light" loading={isBusy} disabled={waitSeconds > 0}>
            {waitingLabel('Log in', waitSeconds)}
          </Button>
          <Button type="button" variant="default" disabled={isBusy || waitSeconds > 0} onClick={() => enter(true)}>
            {waitingLabel('Register', waitSeconds)}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
