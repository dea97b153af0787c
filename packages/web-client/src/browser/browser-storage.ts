import { type ChatClient, randomId } from '@parley/client';

const DEVICE_KEY = 'parley.device';
const LOGIN_KEY = 'parley.logged-in';
const TRACE_KEY = 'parley.trace';

/** Returns the device id of this tab. It stays the same after a reload. Each tab has its own, and so its own session. */
export function deviceId(): string {
  const id = sessionStorage.getItem(DEVICE_KEY) ?? randomId();
  sessionStorage.setItem(DEVICE_KEY, id);
  return id;
}

/** Whether tracing is on for debugging. Set with `localStorage['parley.trace'] = 'yes'`. */
export const isTracing = (): boolean => localStorage.getItem(TRACE_KEY) !== null;

/** Whether there may be a login to resume. The login itself is in a cookie that scripts cannot read. */
export const mayResume = (): boolean => localStorage.getItem(LOGIN_KEY) !== null;

/** Saves for `mayResume` whether a user is logged in. */
export function keepLoginHint(chat: ChatClient): void {
  chat.subscribe(() => {
    const { login } = chat.getSnapshot();
    if (login === 'signed-in' && !mayResume()) localStorage.setItem(LOGIN_KEY, 'yes');
    if (login === 'signed-out' && mayResume()) localStorage.removeItem(LOGIN_KEY);
  });
}
