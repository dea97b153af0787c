import { Group, Text } from '@mantine/core';
import { useChat } from '../../chat-context.tsx';
import { useIsOnline } from '../use-is-online.ts';
import classes from './connection-status.module.css';

/** The connection state, announced by screen readers. */
export function ConnectionStatus() {
  const isOnline = useIsOnline();
  const hasIdleEnded = useChat(({ connection }) => connection.phase === 'idle-ended');
  const node = useChat(({ connection }) => (connection.phase === 'online' ? connection.session.node : undefined));
  return (
    <Group gap={6} wrap="nowrap">
      <span className={classes.dot} data-online={isOnline} />
      <Text role="status" aria-live="polite" size="xs" c="dimmed" lh={1.2} truncate>
        {isOnline ? `Connected to ${node}` : hasIdleEnded ? 'Disconnected' : 'Reconnecting…'}
      </Text>
    </Group>
  );
}
