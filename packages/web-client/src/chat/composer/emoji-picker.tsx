import { UnstyledButton } from '@mantine/core';
import { Popup } from '../../ui/popup.tsx';
import { EMOJI } from './emoji-list.ts';
import classes from './emoji-picker.module.css';

const COLUMNS = 8;

interface EmojiPickerProps {
  readonly anchor: HTMLElement;
  readonly onPick: (emoji: string) => void;
  readonly onClose: () => void;
}

/** A picker with frequently used emoji. Others can be entered with the system keyboard. */
export default function EmojiPicker({ anchor, onPick, onClose }: EmojiPickerProps) {
  return (
    <Popup anchor={anchor} label="Emoji" role="dialog" columns={COLUMNS} onClose={onClose}>
      {(close) => (
        <div className={classes.grid}>
          {EMOJI.map(([emoji, name]) => (
            <UnstyledButton
              key={emoji}
              className={classes.emoji}
              aria-label={name}
              title={name}
              onClick={() => {
                close();
                onPick(emoji);
              }}
            >
              {emoji}
            </UnstyledButton>
          ))}
        </div>
      )}
    </Popup>
  );
}
