import { Group, Text } from '@mantine/core';
import type { ConnectionState } from '@parley/client';
import { useChat } from '../chat-context.tsx';
import classes from './connection-status.module.css';

function describe(connection: ConnectionState): string {
  if (connection.phase === 'online') return `Connected to ${connection.session.node}`;
  return 'Reconnecting…';
}

/** Read out whenever it changes. */
export function ConnectionStatus() {
  const connection = useChat((chat) => chat.connection);
  const isOnline = connection.phase === 'online';
  return (
    <Group gap={6} wrap="nowrap">
      <span className={classes.dot} data-online={isOnline} />
      <Text role="status" aria-live="polite" size="xs" c="dimmed" truncate>
        {describe(connection)}
      </Text>
    </Group>
  );
}
