import { Anchor, UnstyledButton } from '@mantine/core';
import { useState } from 'react';
import classes from './message-text.module.css';
import { isLong, isOnlyEmoji, parseText, type TextPiece } from './parse-text.ts';

/** Ids of expanded long texts. They stay expanded when they are scrolled out of view and back. */
const expanded = new Set<string>();

/** A message text with links and code. All other markup stays plain text. */
export function MessageText({ id, text }: { id: string; text: string }) {
  const [isExpanded, setIsExpanded] = useState(() => expanded.has(id));
  const canFold = isLong(text);
  const toggle = () => {
    if (isExpanded) expanded.delete(id);
    else expanded.add(id);
    setIsExpanded(!isExpanded);
  };
  return (
    <>
      <div className={classes.text} dir="auto" data-large={isOnlyEmoji(text)} data-cut={canFold && !isExpanded}>
        {parseText(text).map((piece, index) => (
          <Piece key={index} piece={piece} />
        ))}
      </div>
      {canFold && (
        <UnstyledButton className={classes.more} aria-expanded={isExpanded} onClick={toggle}>
          {isExpanded ? 'Show less' : 'Show more'}
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
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable block must be reachable with the keyboard
        <code className={classes.block} tabIndex={0}>
          {text}
        </code>
      );
    default:
      return text;
  }
}
