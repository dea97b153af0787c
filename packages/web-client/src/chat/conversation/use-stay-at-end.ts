import type { ConversationView } from '@parley/client';
import { type RefObject, useEffect, useRef } from 'react';

/** The list is moved to its end in this many frames after rows were dropped: it measures new rows during that time. */
const FRAMES = 20;

/**
 * Keeps a list at its end when rows at its front are dropped. The list becomes shorter then. The browser corrects the scroll
 * position, because the old one is behind the new end, and so does Virtuoso, which leads far away from the end.
 *
 * @param isAtEnd whether this element is scrolled to its end now
 * @returns a handler for scroll events of the list
 */
export function useStayAtEnd(
  { firstTimelineIndex }: ConversationView,
  scroller: RefObject<HTMLElement | Window | null>,
  isAtEnd: (scroller: HTMLElement | Window | null) => boolean,
): () => void {
  const previousIndex = useRef(firstTimelineIndex);
  // As of the last scroll event: a row that was just added moves the end away before the list has followed it.
  const wasAtEnd = useRef(false);
  const frame = useRef<number | undefined>(undefined);

  useEffect(() => {
    const hasDropped = firstTimelineIndex > previousIndex.current;
    previousIndex.current = firstTimelineIndex;
    if (!hasDropped || !wasAtEnd.current) return;
    const moveToEnd = (framesLeft: number) => {
      const { current } = scroller;
      if (current instanceof HTMLElement) current.scrollTop = current.scrollHeight;
      frame.current = framesLeft > 0 ? requestAnimationFrame(() => moveToEnd(framesLeft - 1)) : undefined;
    };
    if (frame.current !== undefined) cancelAnimationFrame(frame.current);
    moveToEnd(FRAMES);
  }, [firstTimelineIndex, scroller]);

  useEffect(
    () => () => {
      if (frame.current !== undefined) cancelAnimationFrame(frame.current);
    },
    [],
  );

  return () => {
    if (frame.current === undefined) wasAtEnd.current = isAtEnd(scroller.current);
  };
}
