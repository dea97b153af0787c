/** A part of a text, and whether it matches the query. */
export interface SnippetPart {
  readonly text: string;
  readonly isMatch: boolean;
}

/** Length of the text before the first match, and of the whole snippet. */
const LEAD_CHARACTERS = 40;
const MAX_CHARACTERS = 160;

/** Returns the part of a text around the first match, with all matches marked. A match is the beginning of a word. */
export function snippetOf(text: string, query: string): SnippetPart[] {
  const words = query.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => word !== '');
  const line = text.replace(/\s+/gu, ' ').trim();
  if (words.length === 0) return [{ text: cut(line, 0), isMatch: false }];
  const isWanted = new RegExp(`(?<![\\p{L}\\p{M}\\p{N}])(${words.join('|')})`, 'giu');
  const first = line.search(isWanted);
  const snippet = cut(line, Math.max(0, first - LEAD_CHARACTERS));
  // `split` with a capturing group returns the matches at odd indexes.
  return snippet
    .split(isWanted)
    .map((part, index) => ({ text: part, isMatch: index % 2 === 1 }))
    .filter((part) => part.text !== '');
}

function cut(line: string, from: number): string {
  // Cut at spaces, which never splits a word or a surrogate pair.
  const start = from === 0 ? 0 : line.lastIndexOf(' ', from) + 1;
  const end = start + MAX_CHARACTERS;
  const stop = line.length <= end ? line.length : Math.max(start + 1, line.lastIndexOf(' ', end));
  return `${start > 0 ? '… ' : ''}${line.slice(start, stop > start + 1 ? stop : end)}${stop < line.length ? ' …' : ''}`;
}
