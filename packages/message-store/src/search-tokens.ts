/**
 * Splits texts and queries into tokens, in the same way for every store. A store finds the messages that have, for each token of the
 * query, a token that begins with it.
 *
 * Normalisation: NFKC, without case, accents (Latin, Greek, Cyrillic) and vowel points (Hebrew, Arabic). A token is a run of letters,
 * marks and digits. Scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) have no visible words: there, each pair of
 * neighbouring characters is a token, and so is the last character. Any part of such a run is found. A longer query also matches
 * texts that contain all its pairs in other places.
 */

/** The tokens of a text beyond this number are ignored. */
const MAX_TOKENS = 2_000;
const MAX_QUERY_TOKENS = 32;
/** In code points. Longer words are cut, in texts and queries. */
const MAX_TOKEN_CHARACTERS = 40;

const ASCII = /^[\0-\x7f]*$/;
const ASCII_WORDS = /[a-z0-9]+/g;
const ACCENTS_AND_POINTS = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]/g;

const WORD = String.raw`[\p{L}\p{M}\p{N}]`;
const UNSPACED = String.raw`[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]`;
/** Either a run of a script without spaces, or a word of any other script. */
const RUNS = new RegExp(`(?<unspaced>[${WORD}&&${UNSPACED}]+)|[${WORD}--${UNSPACED}]+`, 'gv');

function fold(text: string): string {
  // Upper case first: it turns "ß" into "SS" and both small sigmas into one letter.
  const caseless = text.normalize('NFKD').toUpperCase().toLowerCase().replaceAll('ς', 'σ');
  return caseless.normalize('NFKD').replace(ACCENTS_AND_POINTS, '').normalize('NFC');
}

function cut(word: string): string {
  return word.length <= MAX_TOKEN_CHARACTERS ? word : [...word].slice(0, MAX_TOKEN_CHARACTERS).join('');
}

/** Returns the tokens of a run without spaces: its pairs, and for a text also the last character, with which no pair begins. */
function pairsOf(run: string, isQuery: boolean): string[] {
  const characters = [...run];
  const pairs = characters.slice(1).map((character, index) => characters[index] + character);
  return pairs.length > 0 && isQuery ? pairs : [...pairs, characters.at(-1) as string];
}

function tokensIn(text: string, isQuery: boolean): string[] {
  // Covers most texts at a fraction of the cost.
  if (ASCII.test(text)) return text.toLowerCase().match(ASCII_WORDS) ?? [];
  return [...fold(text).matchAll(RUNS)].flatMap(({ 0: run, groups }) =>
    groups?.unspaced === undefined ? run : pairsOf(run, isQuery),
  );
}

function firstTokens(text: string, isQuery: boolean, maxTokens: number): string[] {
  const tokens = [...new Set(tokensIn(text, isQuery).map(cut))];
  return tokens.length > maxTokens ? tokens.slice(0, maxTokens) : tokens;
}

/** Returns the distinct tokens of a text. They consist of letters, marks and digits. */
export const searchTokensOf = (text: string): string[] => firstTokens(text, false, MAX_TOKENS);

/**
 * Returns the tokens as one text, for an index that splits at all other characters and ignores the case of A to Z. An ASCII text is
 * returned unchanged, which halves the cost of indexing it.
 */
export const searchTextOf = (text: string): string => (ASCII.test(text) ? text : searchTokensOf(text).join(' '));

/** Returns the prefixes that a hit must match, all of them. Empty for a query without words, which finds nothing. */
export const queryTokensOf = (query: string): string[] => firstTokens(query, true, MAX_QUERY_TOKENS);
