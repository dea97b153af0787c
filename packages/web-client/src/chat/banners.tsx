import { Button } from '@mantine/core';
import { useChat, useChatClient } from '../chat-context.tsx';
import classes from './banners.module.css';
import { useIsDegraded } from './use-is-degraded.ts';
import { useIsOnline } from './use-is-online.ts';

/** Warnings about the connection and the cluster, announced by screen readers. */
export function Banners() {
  const chat = useChatClient();
  const isOnline = useIsOnline();
  const isDraining = useChat((snapshot) => snapshot.isDraining);
  const isDegraded = useIsDegraded();
  return (
    <div role="status">
      {!isOnline && (
        <div className={classes.banner} data-kind="offline">
          <span>You are offline. Messages are saved and sent when you reconnect.</span>
          <Button size="compact-sm" variant="white" color="dark" onClick={() => chat.retryNow()}>
            Reconnect
          </Button>
        </div>
      )}
      {isOnline && isDraining && (
        <div className={classes.banner}>This server is shutting down. Moving you to another server.</div>
      )}
      {isOnline && !isDraining && isDegraded && (
        <div className={classes.banner}>
          Messages are delayed because the service is slow or unavailable. Nothing is lost.
        </div>
      )}
    </div>
  );
}
