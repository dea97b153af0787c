import type { ChatClient } from '@parley/client';

/** Who touches nothing for this long is away. */
const IDLE_AFTER_MS = 5 * 60_000;

const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/**
 * Tells the chat whether anybody looks: nothing counts as read in a hidden page, and who has hidden it or has not touched it for
 * five minutes is shown as away.
 */
export function trackActivity(chat: ChatClient): void {
  let isIdle = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wasSignedIn = false;

  const tell = () => {
    if (chat.getSnapshot().login !== 'signed-in') return;
    const isHidden = document.visibilityState === 'hidden';
    chat.setVisible(!isHidden);
    chat.setAway(isHidden || isIdle);
  };
  const becomeIdle = () => {
    isIdle = true;
    tell();
  };
  const touched = () => {
    clearTimeout(timer);
    timer = setTimeout(becomeIdle, IDLE_AFTER_MS);
    if (!isIdle) return;
    isIdle = false;
    tell();
  };

  for (const touch of TOUCHES) document.addEventListener(touch, touched, { passive: true, capture: true });
  document.addEventListener('visibilitychange', tell);
  chat.subscribe(() => {
    const isSignedIn = chat.getSnapshot().login === 'signed-in';
    if (isSignedIn && !wasSignedIn) queueMicrotask(tell);
    wasSignedIn = isSignedIn;
  });
  touched();
}
