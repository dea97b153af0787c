import jsTokens, { type JSXToken, type Token } from 'js-tokens';

/** Marks where one piece of text ends; a sentence may begin after it. */
export const BOUNDARY = '‖';

/** Stands for code inside a sentence, such as `name` or ${value}. */
export const CODE = '▯';

/**
 * Returns the source with everything but its prose blanked out: comments, texts of more than one word, and Markdown without its
 * code remain. Offsets and line breaks stay the same, and a phrase that continues on the next line of a comment can be
 * matched with `\s+`.
 */
export function maskCode(path: string, source: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (/\.(md)$/.test(name)) return maskMarkdown(source);
  if (/\.(ts|tsx|mts|mjs|cjs|js)$/.test(name)) return maskScript(source, name.endsWith('x'));
  if (/\.(css|html|svg)$/.test(name))
    return keepMatches(source, /\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->/g, /^\s*(?:\/\*+|\*+\/|\*|<!--|-->)/gm);
  if (/\.lua$/.test(name)) return keepMatches(source, /(?<=^|\s)--.*$/gm, /--+/g);
  if (/\.ya?ml$/.test(name))
    return keepMatches(source, /(?<=^|\s)#.*$|(?<=\b(?:summary|description|comment):\s).*$/gm, /^#+/gm);
  return keepMatches(source, /(?<=^|\s)#.*$/gm, /#+/g);
}

function maskScript(source: string, jsx: boolean): string {
  const tokens: Iterable<Token | JSXToken> = jsx ? jsTokens(source, { jsx }) : jsTokens(source);
  let masked = '';
  for (const { type, value } of tokens) {
    if (type === 'WhiteSpace' || type === 'LineTerminatorSequence') masked += value;
    else if (type === 'SingleLineComment') masked += maskInlineCode(value.replace(/^\/\/+/, blank));
    else if (type === 'MultiLineComment') masked += maskInlineCode(maskCommentFrame(value));
    else if (type === 'JSXText') masked += /\p{L} +\p{L}/u.test(value) ? value : hide(value);
    else if (type === 'TemplateMiddle' || type === 'TemplateTail') masked += maskText(value, CODE);
    else if (/^(StringLiteral|NoSubstitutionTemplate|TemplateHead|JSXString)$/.test(type)) masked += maskText(value);
    else masked += hide(value);
  }
  return masked;
}

/** Blanks the stars of a block comment; its end is a boundary. */
function maskCommentFrame(comment: string): string {
  return comment
    .replace(/^\/\*+/, (opening) => BOUNDARY + ' '.repeat(opening.length - 1))
    .replace(/\*+\/$/, (closing) => ' '.repeat(closing.length - 1) + BOUNDARY)
    .replace(/^[ \t]*\*/gm, blank)
    .replace(/@(param|returns|throws)\b/g, blank);
}

/** A text of one word is a name, which is code. */
function maskText(literal: string, before = BOUNDARY): string {
  const inner = literal.slice(1, -1);
  if (!/\p{L}[\p{P}]? +\p{L}/u.test(inner)) return hide(literal);
  return before + inner + BOUNDARY;
}

function maskMarkdown(source: string): string {
  const withoutFences = source.replace(/^(```|~~~)[\s\S]*?^\1.*$/gm, hide).replace(/<!--[\s\S]*?-->/g, hide);
  return maskInlineCode(withoutFences)
    .replace(/\]\([^)\n]*\)/g, (target) => `]${CODE.repeat(target.length - 1)}`)
    .replace(/^[ \t]*(?:[-*+]|\d+\.|#+|>)(?=[ \t])/gm, asBoundary)
    .replace(/\|/g, BOUNDARY)
    .replace(/\*\*/g, '  ');
}

const maskInlineCode = (text: string): string => text.replace(/`[^`\n]*`/g, (code) => CODE.repeat(code.length));

/** Keeps the matches, without their comment signs. */
function keepMatches(source: string, prose: RegExp, signs: RegExp): string {
  let masked = '';
  let end = 0;
  for (const match of source.matchAll(prose)) {
    masked += hide(source.slice(end, match.index)) + maskInlineCode(match[0].replace(signs, blank));
    end = match.index + match[0].length;
  }
  return masked + hide(source.slice(end));
}

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');

const asBoundary = (text: string): string => BOUNDARY + blank(text.slice(1));

/** Blanks code out. Removed code is a boundary between two pieces of prose. */
function hide(code: string): string {
  const first = code.search(/\S/);
  if (first === -1) return code;
  return blank(code.slice(0, first)) + BOUNDARY + blank(code.slice(first + 1));
}
