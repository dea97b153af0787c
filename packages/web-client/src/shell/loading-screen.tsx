import { Group, Loader, Text } from '@mantine/core';
import { CentredScreen } from './centred-screen.tsx';

export function LoadingScreen() {
  return (
    <CentredScreen>
      <Group justify="center" role="status">
        <Loader size="sm" />
        <Text>Signing you in…</Text>
      </Group>
    </CentredScreen>
  );
}
