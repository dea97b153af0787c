// Lower-casing produces a final sigma depending on the next letter. Keys and prefixes need one form of sigma.
const normalise = (name: string): string => name.normalize('NFKC').toLowerCase().replaceAll('ς', 'σ').normalize('NFKC');

/** Returns the unique key of a username: NFKC, without case. */
export const usernameKeyOf = (username: string): string => normalise(username);

/** Returns the prefix that search keys must have to match the query. '' matches all. */
export const searchPrefixOf = (query: string): string => normalise(query).trim().replace(/\s+/gu, ' ');

// A letter or digit after another character, or any character after a blank: "king" in "Lovelace-King", "🦊" in "Ada 🦊".
const WORD_START = /(?<![\p{L}\p{M}\p{N}])[\p{L}\p{N}]|(?<!\S)\S/gu;

/** Returns the strings whose prefixes find a user: the username, and the display name from each of its words on. */
export function searchKeysOf(user: { username: string; displayName: string }): string[] {
  const displayName = searchPrefixOf(user.displayName);
  const fromEachWord = [...displayName.matchAll(WORD_START)].map(({ index }) => displayName.slice(index));
  return [...new Set([usernameKeyOf(user.username), ...fromEachWord])];
}
