// Lower-casing makes a final sigma of some sigmas, by what follows; as a key, and before more letters, they are one.
const normalise = (name: string): string => name.normalize('NFKC').toLowerCase().replaceAll('ς', 'σ').normalize('NFKC');

/** What two usernames have in common when they count as one: NFKC, without case. */
export const usernameKeyOf = (username: string): string => normalise(username);

/** The form in which a query is compared with search keys: '' matches all. */
export const searchPrefixOf = (query: string): string => normalise(query).trim().replace(/\s+/gu, ' ');

// A letter or digit after something that is neither, or anything after a blank: "king" in "Lovelace-King", "🦊" in "Ada 🦊".
const WORD_START = /(?<![\p{L}\p{M}\p{N}])[\p{L}\p{N}]|(?<!\S)\S/gu;

/** The strings whose prefixes find a user: the username, and the display name from each of its words on. */
export function searchKeysOf(user: { username: string; displayName: string }): string[] {
  const displayName = searchPrefixOf(user.displayName);
  const fromEachWord = [...displayName.matchAll(WORD_START)].map(({ index }) => displayName.slice(index));
  return [...new Set([usernameKeyOf(user.username), ...fromEachWord])];
}
