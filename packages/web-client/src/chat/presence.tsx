import { VisuallyHidden } from '@mantine/core';
import type { ChatSnapshot } from '@parley/client';
import type { UserId } from '@parley/protocol';
import { useChat } from '../chat-context.tsx';
import { formatLastSeen } from '../ui/format-time.ts';
import classes from './presence.module.css';

export type Presence = 'online' | 'away' | 'offline';

const NAMES = { online: 'Online', away: 'Away', offline: 'Offline' } as const;

/** How somebody is known to be; nothing is known of those one shares no direct conversation or group with. */
export function presenceOf(snapshot: ChatSnapshot, userId: UserId | undefined): Presence | undefined {
  const known = userId && snapshot.presence.get(userId);
  if (!known) return undefined;
  if (!known.online) return 'offline';
  return known.away ? 'away' : 'online';
}

/** Full, half or empty, beside the colour: green, yellow or grey. */
export function PresenceDot({ userId }: { userId: UserId | undefined }) {
  const presence = useChat((snapshot) => presenceOf(snapshot, userId));
  if (!presence) return null;
  return (
    <span className={classes.dot} data-presence={presence} title={NAMES[presence]}>
      <VisuallyHidden>{NAMES[presence]}</VisuallyHidden>
    </span>
  );
}

/** The same in words, with when they were here last. */
export function usePresenceText(userId: UserId | undefined): string | undefined {
  const presence = useChat((snapshot) => presenceOf(snapshot, userId));
  const lastSeenAt = useChat((snapshot) => (userId ? snapshot.presence.get(userId)?.lastSeenAt : null));
  if (presence === 'offline' && lastSeenAt) return `Last seen ${formatLastSeen(lastSeenAt)}`;
  return presence && NAMES[presence];
}
