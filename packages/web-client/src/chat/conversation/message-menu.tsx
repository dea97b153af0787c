import { UnstyledButton } from '@mantine/core';
import type { TimelineEntry } from '@parley/client';
import type { ReactNode } from 'react';
import { useChat, useChatClient } from '../../chat-context.tsx';
import { CopyIcon, PencilIcon, ReplyIcon, TrashIcon } from '../../ui/icons.tsx';
import { Popup } from '../../ui/popup.tsx';
import { conversationOf } from '../conversation-title.ts';
import { useConversationActions } from './conversation-context.tsx';
import classes from './message-menu.module.css';

const QUICK_REACTIONS = [
  ['👍', 'thumbs up'],
  ['❤️', 'heart'],
  ['😂', 'laughing'],
  ['😮', 'surprised'],
  ['😢', 'sad'],
  ['🎉', 'party'],
] as const;

interface MessageMenuProps {
  readonly entry: TimelineEntry;
  readonly anchor: HTMLElement;
  readonly onClose: () => void;
}

/** All actions that the current user may take on a message. */
export default function MessageMenu({ entry, anchor, onClose }: MessageMenuProps) {
  const chat = useChatClient();
  const { conversationId, run, setMode, askToDelete, setError } = useConversationActions();
  const myId = useChat((snapshot) => snapshot.me?.id);
  const isCreator = useChat((snapshot) => {
    const conversation = conversationOf(snapshot, conversationId);
    return conversation !== undefined && conversation.kind !== 'direct' && conversation.createdBy === myId;
  });
  const { message, text } = entry;
  const isOwn = message.senderId === myId;
  const ownReaction = entry.reactions.find(({ userIds }) => userIds.some((id) => id === myId))?.emoji;

  const copy = () => {
    navigator.clipboard
      .writeText(text)
      .catch(() => setError('Could not copy the text. Allow clipboard access in the browser settings.'));
  };

  return (
    <Popup anchor={anchor} label="Message actions" role="menu" onClose={onClose}>
      {(close) => {
        const item = (label: string, icon: ReactNode, act: () => void) => (
          <UnstyledButton
            role="menuitem"
            className={classes.item}
            onClick={() => {
              close();
              act();
            }}
          >
            {icon}
            {label}
          </UnstyledButton>
        );
        return (
          <>
            <fieldset className={classes.reactions} aria-label="React">
              {QUICK_REACTIONS.map(([emoji, name]) => (
                <UnstyledButton
                  key={emoji}
                  role="menuitemcheckbox"
                  aria-checked={emoji === ownReaction}
                  aria-label={`React: ${name}`}
                  className={classes.emoji}
                  onClick={() => {
                    close();
                    void run(chat.react(conversationId, message.id, emoji === ownReaction ? null : emoji));
                  }}
                >
                  {emoji}
                </UnstyledButton>
              ))}
            </fieldset>
            {item('Reply', <ReplyIcon size={18} />, () => setMode({ kind: 'reply', entry }))}
            {text !== '' && 'clipboard' in navigator && item('Copy text', <CopyIcon size={18} />, copy)}
            {isOwn &&
              message.kind === 'text' &&
              item('Edit', <PencilIcon size={18} />, () => setMode({ kind: 'edit', entry }))}
            {(isOwn || isCreator) && item('Delete…', <TrashIcon size={18} />, () => askToDelete(entry))}
          </>
        );
      }}
    </Popup>
  );
}
