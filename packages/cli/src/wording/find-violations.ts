import { BOUNDARY, CODE, maskCode } from './mask-code.ts';
import { WORDING_RULES } from './wording-rules.ts';

export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly phrase: string;
  readonly instead: string;
}

const SHOWN_CHARACTERS = 60;

/** Returns the refused wordings in the comments and texts of a file, by line. */
export function findViolations(path: string, source: string): Violation[] {
  const prose = maskCode(path, source);
  const violations: Violation[] = [];
  for (const { pattern, instead, within } of WORDING_RULES) {
    if (within && !within.test(path)) continue;
    for (const { 0: match, index } of prose.matchAll(pattern)) {
      violations.push({ path, line: lineAt(source, index), phrase: shorten(match), instead });
    }
  }
  return violations.sort((a, b) => a.line - b.line);
}

function lineAt(source: string, offset: number): number {
  let line = 1;
  for (let i = source.indexOf('\n'); i !== -1 && i < offset; i = source.indexOf('\n', i + 1)) line += 1;
  return line;
}

function shorten(match: string): string {
  const phrase = match
    .replaceAll(BOUNDARY, '')
    .replaceAll(new RegExp(`${CODE}+`, 'g'), '…')
    .replace(/\s+/g, ' ')
    .trim();
  return phrase.length > SHOWN_CHARACTERS ? `${phrase.slice(0, SHOWN_CHARACTERS)}…` : phrase;
}
