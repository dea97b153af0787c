import { Anchor, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import classes from './message-text.module.css';
import { isLong, isOnlyEmoji, parseText, type TextPiece } from './parse-text.ts';

/** Long texts that were unfolded stay so when they are scrolled out of view and back. */
const unfolded = new Set<string>();

/** A text as it was written: web addresses become links, code is set off, all else stays text. */
export function MessageText({ id, text }: { id: string; text: string }) {
  const [isUnfolded, setIsUnfolded] = useState(() => unfolded.has(id));
  const canFold = isLong(text);
  const toggle = () => {
    if (isUnfolded) unfolded.delete(id);
    else unfolded.add(id);
    setIsUnfolded(!isUnfolded);
  };
  return (
    <>
      <div className={classes.text} dir="auto" data-large={isOnlyEmoji(text)} data-cut={canFold && !isUnfolded}>
        {parseText(text).map((piece, index) => (
          <Piece key={index} piece={piece} />
        ))}
      </div>
      {canFold && (
        <UnstyledButton className={classes.more} aria-expanded={isUnfolded} onClick={toggle}>
          {isUnfolded ? 'Show less' : 'Show more'}
        </UnstyledButton>
      )}
    </>
  );
}

function Piece({ piece: { kind, text } }: { piece: TextPiece }) {
  switch (kind) {
    case 'link':
      return (
        <Anchor href={text} target="_blank" rel="noopener noreferrer nofollow" inherit underline="always" c="inherit">
          {text}
        </Anchor>
      );
    case 'code':
      return <code className={classes.code}>{text}</code>;
    case 'code-block':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
        <code className={classes.block} tabIndex={0}>
          {text}
        </code>
      );
    default:
      return text;
  }
}
