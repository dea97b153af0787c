import { SegmentedControl, Stack, Switch, Text, useMantineColorScheme } from '@mantine/core';
import { useState } from 'react';
import { canNotify, isNotifying, setNotifying } from '../../browser/notifications.ts';
import { useChat } from '../../chat-context.tsx';
import { LogOutButton } from '../../ui/log-out-button.tsx';
import { Popup } from '../../ui/popup.tsx';

const SCHEMES = [
  { value: 'auto', label: 'System' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
] as const;

/** Profile, colour scheme, notifications and log-out. */
export default function ProfileMenu({ anchor, onClose }: { anchor: HTMLElement; onClose: () => void }) {
  const me = useChat((chat) => chat.me);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Popup anchor={anchor} label="Profile and settings" role="dialog" onClose={onClose}>
      {() => (
        <Stack gap="sm" p="xs" w="15.5rem">
          <div>
            <Text fw={650} dir="auto" truncate>
              {me?.displayName}
            </Text>
            <Text size="sm" c="dimmed" truncate>
              {me?.username}
            </Text>
          </div>
          <SegmentedControl
            aria-label="Colour scheme"
            size="xs"
            data={[...SCHEMES]}
            value={colorScheme}
            onChange={(value) => setColorScheme(value)}
          />
          {canNotify() && <NotificationSwitch />}
          <LogOutButton fullWidth />
        </Stack>
      )}
    </Popup>
  );
}

function NotificationSwitch() {
  const [isOn, setIsOn] = useState(isNotifying);
  const [isBlocked, setIsBlocked] = useState(() => Notification.permission === 'denied');
  const change = async (isWanted: boolean) => {
    setIsOn(await setNotifying(isWanted));
    setIsBlocked(Notification.permission === 'denied');
  };
  return (
    <Switch
      label="Notifications"
      description={
        isBlocked
          ? 'Blocked. Allow notifications for this site in the browser settings.'
          : 'For new messages while this page is hidden.'
      }
      checked={isOn}
      onChange={(event) => void change(event.currentTarget.checked)}
    />
  );
}
