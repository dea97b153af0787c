import { Button, type ButtonProps } from '@mantine/core';
import { useChatClient } from '../chat-context.tsx';

/** Logs out at once. If the cluster is unavailable, the login ends there when it expires. */
export function LogOutButton(props: ButtonProps) {
  const chat = useChatClient();
  return (
    <Button variant="default" {...props} onClick={() => chat.logOut().catch(() => undefined)}>
      Log out
    </Button>
  );
}
