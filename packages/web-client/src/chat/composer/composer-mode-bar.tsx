import { CloseButton } from '@mantine/core';
import { useChat } from '../../chat-context.tsx';
import { PencilIcon, ReplyIcon } from '../../ui/icons.tsx';
import type { ComposerMode } from '../conversation/conversation-context.tsx';
import { nameOf } from '../conversation/rows.ts';
import classes from './composer.module.css';

/** Shows which message is replied to or edited, with a button to cancel. */
export function ComposerModeBar({ mode, onCancel }: { mode: ComposerMode; onCancel: () => void }) {
  const sender = useChat((chat) => (mode ? nameOf(chat, mode.entry.message.senderId) : ''));
  if (!mode) return null;
  const isReply = mode.kind === 'reply';
  return (
    <div className={classes.mode}>
      {isReply ? <ReplyIcon size={18} /> : <PencilIcon size={18} />}
      <span className={classes.modeText}>
        <strong>
          {isReply ? 'Replying to ' : 'Editing message'}
          {isReply && <bdi>{sender}</bdi>}
        </strong>
        <span dir="auto">{mode.entry.text.slice(0, 200)}</span>
      </span>
      <CloseButton aria-label={isReply ? 'Cancel reply' : 'Cancel editing'} onClick={onCancel} />
    </div>
  );
}
