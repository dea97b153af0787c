import { z } from 'zod';
import { MAX_NAME_CHARACTERS, MAX_TEXT_CHARACTERS } from './constants.ts';

const hasAtMost = (text: string, maxCharacters: number) =>
  text.length <= maxCharacters || (text.length <= 2 * maxCharacters && [...text].length <= maxCharacters);

/** Well-formed Unicode of 1 to 4,000 characters, not only white space. It is not normalised. */
export const MessageText = z
  .string()
  .refine((text) => hasAtMost(text, MAX_TEXT_CHARACTERS), `at most ${MAX_TEXT_CHARACTERS} characters`)
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
  .refine((text) => /\S/u.test(text), 'must not be only white space')
  .meta({ description: `1 to ${MAX_TEXT_CHARACTERS} Unicode characters, not only white space`, minLength: 1 });

/** A name for people: trimmed, NFC, without control characters, 1 to 64 characters. */
export const DisplayName = z
  .string()
  .max(4 * MAX_NAME_CHARACTERS)
  .refine((name) => name.isWellFormed(), 'must be well-formed Unicode')
  .transform((name) => name.trim().normalize('NFC'))
  .refine((name) => name.length > 0, 'must not be empty')
  .refine((name) => hasAtMost(name, MAX_NAME_CHARACTERS), `at most ${MAX_NAME_CHARACTERS} characters`)
  .refine((name) => !/\p{Cc}/u.test(name), 'must not contain control characters')
  .meta({ description: `1 to ${MAX_NAME_CHARACTERS} Unicode characters, trimmed`, example: 'Ada' });
