import { VisuallyHidden } from '@mantine/core';
import type { ChatSnapshot } from '@parley/client';
import type { UserId } from '@parley/protocol';
import { useChat } from '../chat-context.tsx';
import { formatLastSeen } from '../ui/format-time.ts';
import classes from './presence.module.css';
import { useIsOnline } from './use-is-online.ts';

export type Presence = 'online' | 'away' | 'offline';

const NAMES = { online: 'Online', away: 'Away', offline: 'Offline' } as const;

/** Returns the last known presence of a user; undefined without a shared direct conversation or group. */
export function presenceOf(snapshot: ChatSnapshot, userId: UserId | undefined): Presence | undefined {
  const known = userId && snapshot.presence.get(userId);
  if (!known) return undefined;
  if (!known.online) return 'offline';
  return known.away ? 'away' : 'online';
}

/** Returns the presence of a user; undefined also while this client is offline, because it is not known then. */
export function usePresence(userId: UserId | undefined): Presence | undefined {
  const isOnline = useIsOnline();
  const presence = useChat((snapshot) => presenceOf(snapshot, userId));
  return isOnline ? presence : undefined;
}

/** A dot that shows presence by shape (full, half, empty) and by colour. */
export function PresenceDot({ userId }: { userId: UserId | undefined }) {
  const presence = usePresence(userId);
  if (!presence) return null;
  return (
    <span className={classes.dot} data-presence={presence} title={NAMES[presence]}>
      <VisuallyHidden>{NAMES[presence]}</VisuallyHidden>
    </span>
  );
}

/** Returns the presence as text, including the time of the last visit. */
export function usePresenceText(userId: UserId | undefined): string | undefined {
  const presence = usePresence(userId);
  const lastSeenAt = useChat((snapshot) => (userId ? snapshot.presence.get(userId)?.lastSeenAt : null));
  if (presence === 'offline' && lastSeenAt) return `Last seen ${formatLastSeen(lastSeenAt)}`;
  return presence && NAMES[presence];
}
