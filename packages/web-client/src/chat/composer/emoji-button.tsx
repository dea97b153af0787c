import { ActionIcon } from '@mantine/core';
import { useRef, useState } from 'react';
import { SmileIcon } from '../../ui/icons.tsx';
import { lazyComponent } from '../../ui/lazy-component.tsx';

const EmojiPicker = lazyComponent(() => import('./emoji-picker.tsx'));

/** Opens the emoji picker. */
export function EmojiButton({ onPick }: { onPick: (emoji: string) => void }) {
  const button = useRef<HTMLButtonElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <ActionIcon
        ref={button}
        variant="subtle"
        color="gray"
        size={36}
        aria-label="Emoji"
        title="Emoji"
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        <SmileIcon size={22} />
      </ActionIcon>
      {isOpen && button.current && (
        <EmojiPicker anchor={button.current} onPick={onPick} onClose={() => setIsOpen(false)} />
      )}
    </>
  );
}
