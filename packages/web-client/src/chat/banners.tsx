import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useChat, useChatClient } from '../chat-context.tsx';
import { rateRefusalOf, secondsUntil } from '../ui/rate-refusal.ts';
import classes from './banners.module.css';
import { useIsDegraded } from './use-is-degraded.ts';
import { useIsOnline } from './use-is-online.ts';

/** The most important warning about the connection and the cluster, announced by screen readers. */
export function Banners() {
  return (
    <div role="status">
      <CurrentBanner />
    </div>
  );
}

function CurrentBanner() {
  const chat = useChatClient();
  const isOnline = useIsOnline();
  const hasIdleEnded = useChat(({ connection }) => connection.phase === 'idle-ended');
  const isEnding = useChat(({ idleEndsAt }) => idleEndsAt !== null);
  const isDraining = useChat((snapshot) => snapshot.isDraining);
  const isDegraded = useIsDegraded();
  const refusal = useChat(rateRefusalOf);
  if (hasIdleEnded) {
    return (
      <Banner kind="offline" action="Reconnect" onAction={() => chat.reconnect()}>
        You were disconnected because you were inactive while others were waiting. Reconnect to continue.
      </Banner>
    );
  }
  if (refusal) {
    return (
      <Banner kind="offline">
        {refusal.error.message} Reconnecting in {secondsUntil(refusal.retryAtMs)} s. Messages are saved and sent then.
      </Banner>
    );
  }
  if (!isOnline) {
    return (
      <Banner kind="offline" action="Reconnect" onAction={() => chat.retryNow()}>
        You are offline. Messages are saved and sent when you reconnect.
      </Banner>
    );
  }
  if (isEnding) {
    return (
      <Banner kind="warning" action="Stay connected" onAction={() => chat.stay()}>
        The chat is full and others are waiting. You are inactive and will be disconnected in a moment.
      </Banner>
    );
  }
  if (isDraining) return <Banner kind="warning">This server is shutting down. Moving you to another server.</Banner>;
  if (!isDegraded) return null;
  return (
    <Banner kind="warning">Messages are delayed because the service is slow or unavailable. Nothing is lost.</Banner>
  );
}

interface BannerProps {
  readonly kind: 'offline' | 'warning';
  /** Label of the button. */
  readonly action?: string;
  readonly onAction?: () => void;
  readonly children: ReactNode;
}

function Banner({ kind, action, onAction, children }: BannerProps) {
  return (
    <div className={classes.banner} data-kind={kind}>
      <span>{children}</span>
      {action !== undefined && (
        <Button size="compact-sm" variant="white" color="dark" onClick={onAction}>
          {action}
        </Button>
      )}
    </div>
  );
}
