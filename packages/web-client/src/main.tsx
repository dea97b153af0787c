import '@mantine/core/styles.css';
import './shell/page.css';
import { MantineProvider } from '@mantine/core';
import { ChatClient } from '@parley/client';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { deviceId, isTracing, keepLoginHint, mayResume } from './browser-storage.ts';
import { ChatProvider } from './chat-context.tsx';
import { cssVariables, theme } from './shell/theme.ts';

const chat = new ChatClient({ deviceId: deviceId(), ...(isTracing() && { onDisplayed: markDisplayed }) });
keepLoginHint(chat);
if (mayResume()) void chat.resume();

window.addEventListener('online', () => chat.retryNow());
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') chat.retryNow();
});

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
