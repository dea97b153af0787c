import type { ChatClient } from '@parley/client';

/** The user gets the status "away" after this time without input. */
const IDLE_AFTER_MS = 5 * 60_000;

const INPUT_EVENTS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/**
 * Reports page visibility and user activity to the chat. In a hidden page nothing counts as read. The user has the status
 * "away" while the page is hidden, and after five minutes without input. A click, key or scroll keeps a session that would end
 * because it is idle.
 */
export function trackActivity(chat: ChatClient): void {
  let isIdle = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wasSignedIn = false;

  const report = () => {
    if (chat.getSnapshot().login !== 'signed-in') return;
    const isHidden = document.visibilityState === 'hidden';
    chat.setVisible(!isHidden);
    chat.setAway(isHidden || isIdle);
  };
  const becomeIdle = () => {
    isIdle = true;
    report();
  };
  const onInput = (event?: Event) => {
    clearTimeout(timer);
    timer = setTimeout(becomeIdle, IDLE_AFTER_MS);
    // Not a mere movement of the mouse: the warning would disappear under a pointer on the way to its button.
    if (event && event.type !== 'pointermove' && chat.getSnapshot().idleEndsAt !== null) chat.stay();
    if (!isIdle) return;
    isIdle = false;
    report();
  };

  for (const event of INPUT_EVENTS) document.addEventListener(event, onInput, { passive: true, capture: true });
  document.addEventListener('visibilitychange', report);
  chat.subscribe(() => {
    const isSignedIn = chat.getSnapshot().login === 'signed-in';
    if (isSignedIn && !wasSignedIn) queueMicrotask(report);
    wasSignedIn = isSignedIn;
  });
  onInput();
}
