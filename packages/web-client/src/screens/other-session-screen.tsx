import { Button, Stack, Text, Title } from '@mantine/core';
import { useChat, useChatClient } from '../chat-context.tsx';
import { formatMoment } from '../ui/format-time.ts';
import { LogOutButton } from '../ui/log-out-button.tsx';
import { CentredScreen } from './centred-screen.tsx';

export function OtherSessionScreen() {
  const chat = useChatClient();
  const connection = useChat((snapshot) => snapshot.connection);
  const since = connection.phase === 'already-connected' ? connection.since : undefined;
  return (
    <CentredScreen>
      <title>Connected elsewhere · Parley</title>
      <Stack align="center" ta="center">
        <Title order={1} size="h3">
          You are connected elsewhere
        </Title>
        <Text>
          {connection.phase === 'replaced'
            ? 'This session ended because you connected in another window or on another device.'
            : `You ${since === undefined ? 'are' : 'have been'} connected in another window or on another device`}
          {since !== undefined && (
            <>
              {' since '}
              <time dateTime={since}>{formatMoment(since)}</time>
            </>
          )}
          {connection.phase === 'already-connected' && '. Only one connection is possible at a time.'}
        </Text>
        <Button onClick={() => chat.takeOver()} autoFocus>
          Use here
        </Button>
        <LogOutButton variant="subtle" />
      </Stack>
    </CentredScreen>
  );
}
