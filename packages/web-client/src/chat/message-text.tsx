import { Anchor } from '@mantine/core';
import { Fragment } from 'react';

/** A web address, without the punctuation that ends the sentence around it. */
const LINK = /(https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}])/u;

/** A text as it was written; web addresses become links, all else stays text. */
export function MessageText({ text }: { text: string }) {
  // Split by a group, every second part is a link.
  const parts = text.split(LINK).map((part, index) => ({ part, isLink: index % 2 === 1, place: `${index} ${part}` }));
  return parts.map(({ part, isLink, place }) =>
    isLink ? (
      <Anchor key={place} href={part} target="_blank" rel="noopener noreferrer nofollow" inherit underline="always">
        {part}
      </Anchor>
    ) : (
      <Fragment key={place}>{part}</Fragment>
    ),
  );
}
