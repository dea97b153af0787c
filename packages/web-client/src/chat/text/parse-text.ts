/** A piece of a text: as it is, or one of the few things that are set off. */
export interface TextPiece {
  readonly kind: 'plain' | 'link' | 'code' | 'code-block';
  readonly text: string;
}

/**
 * A block of code between three backticks, a line of it between one, or a web address without the punctuation that ends the
 * sentence around it.
 */
const SPECIAL =
  /```(?:[\w+-]*\n)?([\s\S]+?)\n?```|(?<!`)`([^`\n]+)`(?!`)|(https?:\/\/[^\s<>"`]*[^\s<>"`'.,;:!?)\]}])/gu;

/** Splits a text into its pieces, in their order. Nothing is left out but the backticks around code. */
export function parseText(text: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  let end = 0;
  for (const match of text.matchAll(SPECIAL)) {
    const [whole, block, code, link] = match;
    if (match.index > end) pieces.push({ kind: 'plain', text: text.slice(end, match.index) });
    if (block !== undefined) pieces.push({ kind: 'code-block', text: block });
    else if (code !== undefined) pieces.push({ kind: 'code', text: code });
    else if (link !== undefined) pieces.push({ kind: 'link', text: link });
    end = match.index + whole.length;
  }
  if (end < text.length) pieces.push({ kind: 'plain', text: text.slice(end) });
  return pieces;
}

/** The most emoji that are shown large. */
const MAX_LARGE_EMOJI = 6;

const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u;
const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Whether there is nothing in the text but a few emoji. */
export function isOnlyEmoji(text: string): boolean {
  // An emoji has 16 code points at most: what is longer needs no look.
  if (text.length > MAX_LARGE_EMOJI * 32) return false;
  const shown = [...characters.segment(text)].map(({ segment }) => segment).filter((segment) => segment.trim() !== '');
  return shown.length > 0 && shown.length <= MAX_LARGE_EMOJI && shown.every((segment) => EMOJI.test(segment));
}

const LONG_CHARACTERS = 1_200;
const LONG_LINES = 18;

/** Whether a text is so long that only its beginning is shown at first. */
export const isLong = (text: string): boolean =>
  text.length > LONG_CHARACTERS || text.split('\n', LONG_LINES + 1).length > LONG_LINES;
