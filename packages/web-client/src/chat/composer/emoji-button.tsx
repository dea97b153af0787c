import { ActionIcon } from '@mantine/core';
import { useRef, useState } from 'react';
import { SmileIcon } from '../../shell/icons.tsx';
import { lazyPart } from '../../shell/lazy-part.tsx';

const EmojiPicker = lazyPart(() => import('./emoji-picker.tsx'));

/** Opens the emoji. */
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
