import { ChatClient } from '@parley/client';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';

// A reload of this tab is the same device and continues its session; another tab is another device.
const deviceId = sessionStorage.getItem('deviceId') ?? crypto.randomUUID();
sessionStorage.setItem('deviceId', deviceId);

// One client for the life of the page, outside React: components come and go, the connection stays.
const chat = new ChatClient({ deviceId });

// Scripts cannot see the refresh cookie. This entry records whether there may be one, so that new visitors send no request that
// would fail.
const lastLogin = localStorage.getItem('login') ?? 'signed-out';
chat.subscribe(() => localStorage.setItem('login', chat.getSnapshot().login));
if (lastLogin !== 'signed-out') void chat.resume();

window.addEventListener('online', () => chat.retryNow());
document.addEventListener('visibilitychange', () => chat.setVisible(document.visibilityState === 'visible'));

const root = document.getElementById('root');
if (root) createRoot(root).render(<App chat={chat} />);
