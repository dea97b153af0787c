import '@mantine/core/styles.css';
import './shell/page.css';
import { MantineProvider } from '@mantine/core';
import { ChatClient } from '@parley/client';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { deviceId, isTracing, keepLoginHint, mayResume } from './browser-storage.ts';
import { ChatProvider } from './chat-context.tsx';
import { preloadParts } from './shell/lazy-part.tsx';
import { watchForNews } from './shell/notifications.ts';
import { cssVariables, theme } from './shell/theme.ts';
import { watchAttention } from './shell/watch-attention.ts';

const chat = new ChatClient({ deviceId: deviceId(), ...(isTracing() && { onDisplayed: markDisplayed }) });
keepLoginHint(chat);
watchAttention(chat);
watchForNews(chat);
if (mayResume()) void chat.resume();

window.addEventListener('online', () => chat.retryNow());
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') chat.retryNow();
});

// What the first load did not carry comes when the page has settled, so that it is there without a connection.
const SETTLED_AFTER_MS = 3_000;
setTimeout(() => void preloadParts(), SETTLED_AFTER_MS);

/** Puts what is displayed on the time line of the browser's developer tools. */
function markDisplayed(conversationId: string, messageIds: readonly string[]): void {
  performance.mark('parley displayed', { detail: { conversationId, messageIds } });
}

const root = document.getElementById('root');
if (!root) throw new Error('the page has no #root');
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <ChatProvider chat={chat}>
        <App />
      </ChatProvider>
    </MantineProvider>
  </StrictMode>,
);
