import { Loader, Stack, Text, Title } from '@mantine/core';
import { useChat } from '../chat-context.tsx';
import { LogOutButton } from '../ui/log-out-button.tsx';
import { CentredScreen } from './centred-screen.tsx';

export function WaitingRoomScreen() {
  const position = useChat(({ connection }) => (connection.phase === 'waiting' ? connection.position : undefined));
  return (
    <CentredScreen>
      <title>Waiting · Parley</title>
      <Stack align="center" ta="center">
        <Title order={1} size="h3">
          The chat is full
        </Title>
        {position !== undefined && (
          <Text aria-hidden fz={64} fw={700} lh={1} c="var(--mantine-primary-color-light-color)">
            {position}
          </Text>
        )}
        <Text role="status">
          {position === undefined ? 'You are in the queue.' : `You are number ${position} in the queue.`} You will be
          connected automatically.
        </Text>
        <Loader type="dots" aria-hidden />
        <Text size="sm" c="dimmed">
          Keep this page open to keep your position.
        </Text>
        <LogOutButton />
      </Stack>
    </CentredScreen>
  );
}
