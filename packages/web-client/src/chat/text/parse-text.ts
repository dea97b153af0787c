/** A part of a text: plain text, a link or code. */
export interface TextPiece {
  readonly kind: 'plain' | 'link' | 'code' | 'code-block';
  readonly text: string;
}

/**
 * A code block between triple backticks, inline code between single ones, or a web address without trailing punctuation.
 */
const SPECIAL =
  /```(?:[\w+-]*\n)?([\s\S]+?)\n?```|(?<!`)`([^`\n]+)`(?!`)|(https?:\/\/[^\s<>"`]*[^\s<>"`'.,;:!?)\]}])/gu;

/** Splits a text into its parts, in order. Only the backticks around code are removed. */
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

/** Maximum number of emoji that are displayed large. */
const MAX_LARGE_EMOJI = 6;

const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u;
const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Whether the text consists of a few emoji only. */
export function isOnlyEmoji(text: string): boolean {
  // An emoji has at most 16 code points, so a longer text cannot match.
  if (text.length > MAX_LARGE_EMOJI * 32) return false;
  const shown = [...characters.segment(text)].map(({ segment }) => segment).filter((segment) => segment.trim() !== '');
  return shown.length > 0 && shown.length <= MAX_LARGE_EMOJI && shown.every((segment) => EMOJI.test(segment));
}

const LONG_CHARACTERS = 1_200;
const LONG_LINES = 18;

/** Whether a text is collapsed at first because of its length. */
export const isLong = (text: string): boolean =>
  text.length > LONG_CHARACTERS || text.split('\n', LONG_LINES + 1).length > LONG_LINES;
