import { ActionIcon } from '@mantine/core';
import type { TimelineEntry } from '@parley/client';
import { useRef, useState } from 'react';
import { MoreIcon } from '../../ui/icons.tsx';
import { lazyComponent } from '../../ui/lazy-component.tsx';
import classes from './message-row.module.css';

const MessageMenu = lazyComponent(() => import('./message-menu.tsx'));

/** The button that opens the menu of a message. Dimmed until the row is hovered or focused. */
export function MessageActions({ entry }: { entry: TimelineEntry }) {
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <ActionIcon
        ref={button}
        className={classes.actions}
        variant="subtle"
        color="gray"
        size={28}
        aria-label="Message actions"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        <MoreIcon size={18} />
      </ActionIcon>
      {isOpen && button.current && (
        <MessageMenu entry={entry} anchor={button.current} onClose={() => setIsOpen(false)} />
      )}
    </>
  );
}
