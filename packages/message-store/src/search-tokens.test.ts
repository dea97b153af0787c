import { expect, test } from '@jest/globals';
import { queryTokensOf, searchTokensOf } from './search-tokens.ts';

const finds = (query: string, text: string) => {
  const tokens = searchTokensOf(text);
  const wanted = queryTokensOf(query);
  return wanted.length > 0 && wanted.every((prefix) => tokens.some((token) => token.startsWith(prefix)));
};

test.each([
  ['the whole word', 'harbour', 'Down at the Harbour, at nine.'],
  ['the beginning of a word', 'harb', 'Down at the Harbour, at nine.'],
  ['all words, in any order', 'nin down', 'Down at the Harbour, at nine.'],
  ['letters without their accents', 'zurich creme', 'Crème brûlée in Zürich'],
  ['letters with accents that the text lacks', 'crème', 'creme brulee'],
  ['composed and decomposed letters', 'cafe\u0301', 'Caf\u00e9'],
  ['ß as ss', 'STRASSE', 'Die Straße'],
  ['ss as ß', 'straß', 'DIE STRASSE'],
  ['a final sigma', 'ΟΔΟΣ', 'ο δρόμος, η οδός'],
  ['a final sigma before more letters', 'οδος', 'οδοσήμανση'],
  ['the Turkish i with and without a dot', 'istanbul ilik', 'İstanbul, ılık'],
  ['wide letters and ligatures', 'file', 'Ｆｉｌｅ, ﬁle'],
  ['Cyrillic', 'ёлк', 'под елкой'],
  ['Hebrew without its points', 'שלום', 'שָׁלוֹם עולם'],
  ['Arabic without its points', 'مرحبا', 'مَرْحَبًا بالعالم'],
  ['Hindi', 'नमस्', 'अरे नमस्ते दुनिया'],
  ['Korean', '안녕', '여러분 안녕하세요'],
  ['one Chinese character', '明', '我们明天见'],
  ['the last Chinese character', '见', '我们明天见'],
  ['a piece of Chinese', '明天', '我们明天见'],
  ['a piece of Japanese in two scripts', '食べる', '今日は寿司を食べるよ'],
  ['a Japanese word with a long vowel', 'コーヒー', '朝のコーヒーを飲む'],
  ['half-width kana', 'ｺｰﾋｰ', '朝のコーヒーを飲む'],
  ['a piece of Thai', 'สวัสดี', 'คุณสวัสดีตอนเช้า'],
  ['Latin beside Chinese', 'iphone 手机', '新iPhone手机'],
  ['digits', '2026 31', 'on 2026-01-31'],
  ['words beyond the basic plane', '𐐨𐐩', '𐐀𐐁𐐂'],
  ['words with an apostrophe', "don't", 'Don’t'],
])('finds %s', (_, query, text) => {
  expect(finds(query, text)).toBe(true);
});

test.each([
  ['the middle of a word', 'arbour', 'Down at the Harbour'],
  ['one word of two', 'harbour noon', 'Down at the Harbour, at nine.'],
  ['Chinese in another order', '天明', '我们明天见'],
  ['a text without words', '!?', 'really!?'],
  ['an empty query', '', 'anything'],
])('does not find %s', (_, query, text) => {
  expect(finds(query, text)).toBe(false);
});

test('tokens are bounded in number and length and consist of letters, marks and digits', () => {
  const noise = Array.from({ length: 50_000 }, (_, index) => String.fromCodePoint(((index * 7_919) % 0x20000) + 1));
  for (const text of [noise.join(' '), noise.join(''), '𐐀'.repeat(50_000), 'é'.repeat(50_000), 'x'.repeat(50_000)]) {
    const tokens = searchTokensOf(text.toWellFormed());
    expect(tokens.length).toBeLessThanOrEqual(2_000);
    expect(new Set(tokens).size).toBe(tokens.length);
    for (const token of tokens) {
      expect(token).toMatch(/^[\p{L}\p{M}\p{N}]+$/u);
      expect([...token].length).toBeLessThanOrEqual(40);
      expect(token.isWellFormed()).toBe(true);
    }
  }
});

test('a word that exceeds the maximum length is found by its start', () => {
  const word = 'a𐐨'.repeat(100);
  expect(finds(word, `a ${word} b`)).toBe(true);
  expect(finds(word.slice(0, 30), `a ${word} b`)).toBe(true);
});

test('normalisation is idempotent', () => {
  const texts = ['Straße', 'İstanbul ΟΔΌΣ', 'ﬃ Ǆ ŉ', '각각 한글', 'Å ọ̈ ẛ̣'];
  for (const text of texts) {
    const tokens = searchTokensOf(text);
    expect(searchTokensOf(tokens.join(' '))).toEqual(tokens);
  }
});
