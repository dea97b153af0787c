import { LOBBY_ID } from '@parley/client';
import { useEffect } from 'react';
import { useChat, useChatClient } from '../chat-context.tsx';
import { Banners } from './banners.tsx';
import classes from './chat-screen.module.css';
import { ConversationPane } from './conversation/conversation-pane.tsx';
import { JumpProvider } from './jump-to-message.tsx';
import { Sidebar } from './sidebar/sidebar.tsx';

/** The conversation list and the open conversation. Narrow screens show one of the two. */
export function ChatScreen() {
  const chat = useChatClient();
  const openConversationId = useChat((snapshot) => snapshot.openConversationId);

  useEffect(() => {
    if (chat.getSnapshot().openConversationId === null) void chat.open(LOBBY_ID);
  }, [chat]);

  return (
    <JumpProvider>
      <div className={classes.page}>
        <Banners />
        <div className={classes.screen} data-open={openConversationId !== null}>
          <Sidebar className={classes.sidebar} />
          <main className={classes.view}>
            <ConversationPane />
          </main>
        </div>
      </div>
    </JumpProvider>
  );
}
