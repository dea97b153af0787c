import { dirname, join, normalize } from 'node:path';
import type { RepositoryFacts } from './repository-facts.ts';

export interface DanglingReference {
  readonly line: number;
  readonly kind: 'path' | 'link' | 'command' | 'argument' | 'setting or code' | 'metric' | 'event' | 'REST path';
  readonly name: string;
}

type Name = Omit<DanglingReference, 'line'>;

const FILE_NAME = /^[\w.@*-]+\.(ts|tsx|mts|mjs|cjs|js|lua|md|ya?ml|json|conf|sh|css|html)$/;
const ROOT_DIRECTORY = /^(packages|docs|deploy|grafana|prometheus|patches|\.github|\.ci|\.cspell)\//;

/** Commands that pass their arguments on to another program. */
const OPEN_ENDED_COMMANDS = new Set(['test', 'format']);

/** Returns every name in a Markdown document that does not exist in the repository. */
export function findDanglingReferences(
  document: string,
  markdown: string,
  facts: RepositoryFacts,
): DanglingReference[] {
  const found: DanglingReference[] = [];
  let fence: string | undefined;
  for (const [index, text] of markdown.split('\n').entries()) {
    const opening = /^\s*```(\w*)/.exec(text);
    if (opening) {
      fence = fence === undefined ? (opening[1] ?? '') : undefined;
      continue;
    }
    const names = fence === undefined ? namesInProse(document, text, facts) : namesInCode(fence, text, facts);
    found.push(...names.map((name) => ({ line: index + 1, ...name })));
  }
  return found;
}

function namesInProse(document: string, text: string, facts: RepositoryFacts): Name[] {
  const codes = [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  return [
    ...codes.flatMap((code) => checkInlineCode(document, code.trim(), facts)),
    ...links.flatMap((link) => checkLink(document, link, facts)),
  ];
}

/** In a block of code only the commands of a shell are references. */
function namesInCode(language: string, text: string, facts: RepositoryFacts): Name[] {
  return language === 'sh' ? checkShell(text.replace(/\s#\s.*$/, ''), facts) : [];
}

function checkInlineCode(document: string, code: string, facts: RepositoryFacts): Name[] {
  if (/\bnpm (run|start|test)\b/.test(code)) return checkShell(code, facts);
  if (/^[A-Z][A-Z0-9_]+(=.*)?$/.test(code)) return checkConstant(code.replace(/=.*/, ''), facts);
  if (/^chat_\w+$/.test(code)) return missing('metric', code, facts.metrics.has(code));
  if (/^(session|message|messages|conversation|server|answer):[a-z]+$/.test(code)) {
    return missing('event', code, facts.events.has(code));
  }
  const route = /^(?:(?:GET|POST|PATCH|PUT|DELETE) )?(\/api\/[\w/:.*-]+)/.exec(code)?.[1];
  if (route && !route.includes('*')) {
    const path = route.replace(/:\w+/g, 'ID');
    const isPrefix = path.endsWith('/');
    return missing('REST path', code, isPrefix || facts.restPaths.some((pattern) => pattern.test(path)));
  }
  if (/^(\.data|DATA_DIR)\//.test(code)) return [];
  const isPath = FILE_NAME.test(code.split('/').at(-1) ?? '') && /^[\w.@*/-]+$/.test(code);
  const isDirectory = ROOT_DIRECTORY.test(code) && /^[\w.@*/-]+$/.test(code);
  return isPath || isDirectory ? missing('path', code, facts.hasPath(code, document)) : [];
}

/** A name in capitals is an error code, a setting, or at least a word of the sources. */
function checkConstant(name: string, facts: RepositoryFacts): Name[] {
  const exists = facts.errorCodes.has(name) || facts.settings.has(name) || facts.hasWord(name);
  return missing('setting or code', name, exists);
}

function checkLink(document: string, link: string, facts: RepositoryFacts): Name[] {
  if (/^[a-z]+:/.test(link)) return [];
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : normalize(join(dirname(document), path));
  if (!facts.hasPath(target, 'README.md')) return [{ kind: 'link', name: link }];
  return missing('link', link, anchor === undefined || !target.endsWith('.md') || facts.hasAnchor(target, anchor));
}

/** Checks the npm scripts of a command line, their options and names, and the settings in front of them. */
function checkShell(line: string, facts: RepositoryFacts): Name[] {
  const settings = [...line.matchAll(/(?<=^|\s)([A-Z][A-Z0-9_]+)=/g)].flatMap(([, name = '']) =>
    checkConstant(name, facts),
  );
  const match = /\bnpm (?:run (?:--silent )?([a-z][\w-]*)|(start|test))(?: -- (.*))?/.exec(line);
  const command = match?.[1] ?? match?.[2];
  if (command === undefined) return settings;
  if (!facts.commands.has(command)) return [...settings, { kind: 'command', name: `npm run ${command}` }];
  if (OPEN_ENDED_COMMANDS.has(command)) return settings;
  const usage = facts.usages.get(command) ?? '';
  const words = (match?.[3] ?? '').split(/\s+/).filter((word) => /^(--)?[a-z][\w-]*(=|$)/.test(word));
  const isKnown = (word: string) =>
    new RegExp(`(?<![\\w-])${word}(?![\\w-])`).test(usage) || facts.hasPath(`${word}.yml`, 'README.md');
  const unknown = words.filter((word) => !isKnown(word.replace(/=.*/, '')));
  return [...settings, ...unknown.map((word): Name => ({ kind: 'argument', name: `npm run ${command} -- ${word}` }))];
}

const missing = (kind: Name['kind'], name: string, exists: boolean): Name[] => (exists ? [] : [{ kind, name }]);
