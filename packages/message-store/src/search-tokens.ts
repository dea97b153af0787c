/**
 * How texts are found, the same in every store: a store only has to find messages that have, for each token of a query, one
 * token that begins with it.
 *
 * Text and query are folded alike: one form of what means the same (NFKC), no case, no accents (Latin, Greek, Cyrillic), no vowel points (Hebrew, Arabic). A token is a
 * run of letters, marks and digits: a word. Scripts that are written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) have no
 * words to see: of such a run each two neighbours are one token, and the last character alone is one. So any piece of it
 * is found; a longer piece also where its pairs are there, but not side by side.
 */

/** A text has at most so many tokens: its first ones. */
const MAX_TOKENS = 2_000;
const MAX_QUERY_TOKENS = 32;
/** In code points; of a longer word only its beginning counts, in texts and queries. */
const MAX_TOKEN_CHARACTERS = 40;

const ASCII = /^[\0-\x7f]*$/;
const ASCII_WORDS = /[a-z0-9]+/g;
const ACCENTS_AND_POINTS = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]/g;

const WORD = String.raw`[\p{L}\p{M}\p{N}]`;
const UNSPACED = String.raw`[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]`;
/** Either a run of a script without spaces, or a word of any other script. */
const RUNS = new RegExp(`(?<unspaced>[${WORD}&&${UNSPACED}]+)|[${WORD}--${UNSPACED}]+`, 'gv');

function fold(text: string): string {
  // Upper case first: it makes "ss" of "ß" and one letter of both small sigmas.
  const caseless = text.normalize('NFKD').toUpperCase().toLowerCase().replaceAll('ς', 'σ');
  return caseless.normalize('NFKD').replace(ACCENTS_AND_POINTS, '').normalize('NFC');
}

function cut(word: string): string {
  return word.length <= MAX_TOKEN_CHARACTERS ? word : [...word].slice(0, MAX_TOKEN_CHARACTERS).join('');
}

/** The tokens of a run without spaces: its pairs, and for a text also its last character, which no pair begins with. */
function pairsOf(run: string, isQuery: boolean): string[] {
  const characters = [...run];
  const pairs = characters.slice(1).map((character, index) => characters[index] + character);
  return pairs.length > 0 && isQuery ? pairs : [...pairs, characters.at(-1) as string];
}

function tokensIn(text: string, isQuery: boolean): string[] {
  // Most texts by far, at a fraction of the cost.
  if (ASCII.test(text)) return text.toLowerCase().match(ASCII_WORDS) ?? [];
  return [...fold(text).matchAll(RUNS)].flatMap(({ 0: run, groups }) =>
    groups?.unspaced === undefined ? run : pairsOf(run, isQuery),
  );
}

function firstTokens(text: string, isQuery: boolean, maxTokens: number): string[] {
  const tokens = [...new Set(tokensIn(text, isQuery).map(cut))];
  return tokens.length > maxTokens ? tokens.slice(0, maxTokens) : tokens;
}

/** What a text is found by; each token once. They consist of letters, marks and digits. */
export const searchTokensOf = (text: string): string[] => firstTokens(text, false, MAX_TOKENS);

/**
 * The same for an index that divides a text at everything that is no letter, mark or digit, and is blind to the case of A to Z: a
 * text that needs nothing else is given as it is, which spares half of the cost of indexing it.
 */
export const searchTextOf = (text: string): string => (ASCII.test(text) ? text : searchTokensOf(text).join(' '));

/** What a text has to have a token beginning with, each of them; none when the query has no word, which finds nothing. */
export const queryTokensOf = (query: string): string[] => firstTokens(query, true, MAX_QUERY_TOKENS);
