import { Button } from '@mantine/core';
import { useChat, useChatClient } from '../chat-context.tsx';
import classes from './banners.module.css';
import { useIsDegraded } from './use-is-degraded.ts';
import { useIsOnline } from './use-is-online.ts';

/** What everybody should know about the connection and the cluster now; read out when it comes up. */
export function Banners() {
  const chat = useChatClient();
  const isOnline = useIsOnline();
  const isDraining = useChat((snapshot) => snapshot.isDraining);
  const isDegraded = useIsDegraded();
  return (
    <div role="status">
      {!isOnline && (
        <div className={classes.banner} data-kind="offline">
          <span>You are offline. What you write is kept, and sent as soon as there is a connection.</span>
          <Button size="compact-sm" variant="white" color="dark" onClick={() => chat.retryNow()}>
            Try now
          </Button>
        </div>
      )}
      {isOnline && isDraining && (
        <div className={classes.banner}>This server is being replaced; you will be moved to another one.</div>
      )}
      {isOnline && !isDraining && isDegraded && (
        <div className={classes.banner}>
          The cluster is slow or partly away: messages wait to be taken or stored. Nothing is lost; we keep trying.
        </div>
      )}
    </div>
  );
}
