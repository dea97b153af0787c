import '@mantine/core/styles.css';
import './ui/page.css';
import { MantineProvider } from '@mantine/core';
import { ChatClient } from '@parley/client';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { deviceId, isTracing, keepLoginHint, mayResume } from './browser/browser-storage.ts';
import { notifyWhileHidden } from './browser/notifications.ts';
import { trackActivity } from './browser/track-activity.ts';
import { ChatProvider } from './chat-context.tsx';
import { preloadComponents } from './ui/lazy-component.tsx';
import { cssVariables, theme } from './ui/theme.ts';

const chat = new ChatClient({ deviceId: deviceId(), ...(isTracing() && { onDisplayed: markDisplayed }) });
keepLoginHint(chat);
trackActivity(chat);
notifyWhileHidden(chat);
if (mayResume()) void chat.resume();

window.addEventListener('online', () => chat.retryNow());
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') chat.retryNow();
});

// Loads the lazy components after the start, so that they also work offline.
const PRELOAD_AFTER_MS = 3_000;
setTimeout(() => void preloadComponents(), PRELOAD_AFTER_MS);

/** Adds displayed messages to the performance timeline of the browser's developer tools. */
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
