import { Alert, Divider, Stack, Text, Title } from '@mantine/core';
import { useChat } from '../../chat-context.tsx';
import { CentredScreen } from '../centred-screen.tsx';
import { AccountForm } from './account-form.tsx';
import { GuestForm } from './guest-form.tsx';

export function WelcomeScreen() {
  const signOutReason = useChat((chat) => chat.signOutReason);
  return (
    <CentredScreen>
      <title>Parley</title>
      <Stack gap="md">
        <div>
          <Title order={1} size="h3">
            Welcome
          </Title>
          <Text c="dimmed">Real-time chat with reliable delivery.</Text>
        </div>
        {signOutReason === 'login-expired' && (
          <Alert color="yellow" role="status" title="Your session has ended">
            Join or log in again to continue.
          </Alert>
        )}
        <GuestForm />
        <Divider label="or with an account" />
        <AccountForm />
      </Stack>
    </CentredScreen>
  );
}
