import { CloseButton, TextInput } from '@mantine/core';
import { type KeyboardEvent, type RefObject, useEffect, useState } from 'react';
import { useChat, useChatClient } from '../../chat-context.tsx';
import { SearchIcon } from '../../ui/icons.tsx';

interface SearchBoxProps {
  readonly field: RefObject<HTMLInputElement | null>;
  readonly typed: string;
  readonly onType: (typed: string) => void;
  /** Called on the down arrow key, which moves the focus to the results. */
  readonly onDown: () => void;
}

/** The search input. Ctrl+K or ⌘K focuses it from anywhere. */
export function SearchBox({ field, typed, onType, onDown }: SearchBoxProps) {
  useSearchShortcut(field);
  const [hasKeyboard] = useState(() => matchMedia('(pointer: fine)').matches);
  const pressed = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape' && typed !== '') {
      event.preventDefault();
      onType('');
    } else if (event.key === 'ArrowDown') {
      event.preventDefault();
      onDown();
    }
  };
  return (
    <TextInput
      ref={field}
      mt="sm"
      type="text"
      inputMode="search"
      enterKeyHint="search"
      aria-label="Search"
      aria-keyshortcuts="Control+K Meta+K"
      placeholder={hasKeyboard ? 'Search (Ctrl+K)' : 'Search'}
      dir="auto"
      maxLength={256}
      value={typed}
      leftSection={<SearchIcon size={18} />}
      rightSection={typed !== '' && <CloseButton size="sm" aria-label="Clear search" onClick={() => onType('')} />}
      onChange={(event) => onType(event.currentTarget.value)}
      onKeyDown={pressed}
    />
  );
}

function useSearchShortcut(field: RefObject<HTMLInputElement | null>): void {
  const chat = useChatClient();
  const openConversationId = useChat((snapshot) => snapshot.openConversationId);
  useEffect(() => {
    const pressed = (event: globalThis.KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey)
        return;
      event.preventDefault();
      const focus = () => {
        field.current?.focus();
        field.current?.select();
      };
      const isVisible = field.current?.offsetParent !== null;
      if (isVisible) return focus();
      // Narrow screens hide the sidebar while a conversation is open.
      if (openConversationId !== null) void chat.open(null);
      requestAnimationFrame(focus);
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [chat, openConversationId, field]);
}
