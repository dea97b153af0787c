import fc from 'fast-check';

/** Strings that parsers, stores, terminals and templates have stumbled over. */
const STRINGS = [
  ...['', ' ', '\0', 'null', 'undefined', 'NaN', '-0', '1e309', '0x10', '٣', 'true'],
  ...['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'then', '$where', '$gt', '_placeholder'],
  ...['..', '../../etc/passwd', '%2e%2e%2f', 'C:\\', 'file:///etc/passwd', '//127.0.0.1', 'http://169.254.169.254/'],
  ...["' OR 1=1 --", '"; DROP TABLE users; --', 'MATCH "', 'NEAR(a b', 'a* AND NOT', '{"$ne":null}', '*', '[a-'],
  ...['<script>alert(1)</script>', '{{7*7}}', '#{7*7}', '`id`', '\r\nSet-Cookie: a=b', '\u001b[2J'],
  ...['\u202eabc', '\u200b', '\ufeff', '\ud800', '\udfff\ud800', '👩‍👩‍👧‍👦', 'İ', 'ß', 'ﬃ', '\u0000a', 'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞'],
  ...['*', '{sessions}', 'parley:{p0}:log', 'lobby\n', 'lobby ', 'LOBBY', 'system', 'assistant'],
];

/** Numbers at the limits of the types that a number may pass through. */
const NUMBERS = [
  ...[0, -0, -1, 1, 0.5, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 31 - 1, -(2 ** 31), 2 ** 32, 2 ** 53, 2 ** 53 - 1],
  ...[-(2 ** 53), 2 ** 63, 2 ** 64, 1e21, 1.1, 99_999_999],
];

const nested = (depth: number): unknown => {
  let value: unknown = [];
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

/** `JSON.parse` makes `__proto__` a property of its own, which an object literal would not. */
const OBJECTS = [
  '{"__proto__":{"ok":true}}',
  '{"constructor":{"prototype":{"ok":true}}}',
  '{"toString":1}',
  '{"then":1}',
];

export const hostileString: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...STRINGS) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 80 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 80 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('a', '\u0301', '😀', '"', '\\', ' '), fc.constantFrom(65, 257, 4_001, 30_000))
      .map(([text, times]) => text.repeat(times)),
  },
);

export const hostileNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(...NUMBERS),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** Any value that JSON can carry, mostly of a kind that nobody expects. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: hostileString },
  { weight: 4, arbitrary: hostileNumber },
  { weight: 2, arbitrary: fc.constantFrom(null, true, false, [], {}, [[]], [null], { length: -1 }) },
  { weight: 2, arbitrary: fc.constantFrom(...OBJECTS).map((text) => JSON.parse(text) as unknown) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.constantFrom(50, 1_000).map(nested),
      fc.constantFrom(201, 2_000).map((length) => Array.from({ length }, (_, index) => index)),
      fc
        .constantFrom(201, 2_000)
        .map((size) => Object.fromEntries(Array.from({ length: size }, (_, i) => [`k${i}`, i]))),
    ),
  },
);
