import { Button, type ButtonProps } from '@mantine/core';
import { useChatClient } from '../chat-context.tsx';

/** The login ends here at once; if the cluster is away it ends there when its time is over. */
export function LogOutButton(props: ButtonProps) {
  const chat = useChatClient();
  return (
    <Button variant="default" {...props} onClick={() => chat.logOut().catch(() => undefined)}>
      Log out
    </Button>
  );
}
