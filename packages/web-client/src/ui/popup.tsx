import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef } from 'react';
import classes from './popup.module.css';

const GAP_PX = 4;
const EDGE_PX = 8;

interface PopupProps {
  /** The popup opens below this element, or above it if there is no room. */
  readonly anchor: HTMLElement;
  readonly label: string;
  readonly role: 'menu' | 'dialog';
  /** Number of buttons per row, for the arrow keys. */
  readonly columns?: number;
  readonly onClose: () => void;
  /** @param close closes the popup and restores the focus */
  readonly children: (close: () => void) => ReactNode;
}

/**
 * A popup based on the browser's popover: Escape and a click outside close it and restore the focus. The arrow keys, Home and
 * End move the focus between its buttons.
 */
export function Popup({ anchor, label, role, columns = 1, onClose, children }: PopupProps) {
  const surface = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const popup = surface.current;
    if (!popup) return;
    popup.showPopover();
    place(popup, anchor);
    buttonsOf(popup)[0]?.focus({ preventScroll: true });
    return () => popup.hidePopover();
  }, [anchor]);

  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const buttons = buttonsOf(event.currentTarget);
    const next = nextIndex(event.key, buttons.indexOf(document.activeElement as HTMLElement), buttons.length, columns);
    if (next === undefined) return;
    event.preventDefault();
    buttons[next]?.focus();
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: both possible roles handle keys
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both possible roles support a label
    <div
      ref={surface}
      className={classes.popup}
      popover="auto"
      role={role}
      aria-label={label}
      onKeyDown={move}
      onToggle={(event) => {
        if (event.newState === 'closed') onClose();
      }}
    >
      {children(() => surface.current?.hidePopover())}
    </div>
  );
}

const buttonsOf = (popup: HTMLElement) => [...popup.querySelectorAll<HTMLElement>('button:not(:disabled)')];

function nextIndex(key: string, index: number, count: number, columns: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return Math.min(index + columns, count - 1);
    case 'ArrowUp':
      return Math.max(index - columns, 0);
    case 'ArrowRight':
      return columns > 1 ? Math.min(index + 1, count - 1) : undefined;
    case 'ArrowLeft':
      return columns > 1 ? Math.max(index - 1, 0) : undefined;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

function place(popup: HTMLElement, anchor: HTMLElement): void {
  const from = anchor.getBoundingClientRect();
  const { width, height } = popup.getBoundingClientRect();
  const below = from.bottom + GAP_PX;
  const fitsBelow = below + height <= window.innerHeight - EDGE_PX;
  const top = fitsBelow ? below : Math.max(EDGE_PX, from.top - GAP_PX - height);
  const isOnRight = from.left + from.width / 2 > window.innerWidth / 2;
  const left = isOnRight ? from.right - width : from.left;
  popup.style.top = `${top}px`;
  popup.style.left = `${Math.max(EDGE_PX, Math.min(left, window.innerWidth - width - EDGE_PX))}px`;
}
