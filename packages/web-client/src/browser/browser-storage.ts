import { type ChatClient, randomId } from '@parley/client';

const DEVICE_KEY = 'parley.device';
const LOGIN_KEY = 'parley.logged-in';
const TRACE_KEY = 'parley.trace';

/** Names this tab: the same after a reload, another one in a second tab, which then is a session of its own. */
export function deviceId(): string {
  const id = sessionStorage.getItem(DEVICE_KEY) ?? randomId();
  sessionStorage.setItem(DEVICE_KEY, id);
  return id;
}

/** Whether someone who looks for a fault has asked for traces: `localStorage['parley.trace'] = 'yes'`. */
export const isTracing = (): boolean => localStorage.getItem(TRACE_KEY) !== null;

/** Whether this browser was logged in last time. The proof of it is in a cookie that no script sees. */
export const mayResume = (): boolean => localStorage.getItem(LOGIN_KEY) !== null;

/** Remembers for `mayResume` whether someone is logged in. */
export function keepLoginHint(chat: ChatClient): void {
  chat.subscribe(() => {
    const { login } = chat.getSnapshot();
    if (login === 'signed-in' && !mayResume()) localStorage.setItem(LOGIN_KEY, 'yes');
    if (login === 'signed-out' && mayResume()) localStorage.removeItem(LOGIN_KEY);
  });
}
