import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { workspacePath } from '@parley/local-cluster';
import { ERROR_CODES } from '@parley/protocol';

const IGNORED_DIRECTORIES = new Set(['node_modules', 'dist', 'coverage', 'patches', '.git', '.data', '.cache']);
/** The files in which a word counts as used. Excludes the tests of this check, which name things that do not exist. */
const SOURCES =
  /^packages\/[^/]+\/((src|tests|bootstrap|scenarios)\/|[^/]+\.mjs$)|^(docker-compose|nginx|deploy|prometheus|grafana|\.ci|\.github)/;

/** The names that exist in this repository, for documents to refer to. */
export interface RepositoryFacts {
  /** Documents that people write, relative to the root. */
  readonly documents: readonly string[];
  readonly settings: ReadonlySet<string>;
  readonly errorCodes: ReadonlySet<string>;
  readonly metrics: ReadonlySet<string>;
  readonly packages: readonly string[];
  /** Socket.IO events. */
  readonly events: ReadonlySet<string>;
  readonly restPaths: readonly RegExp[];
  /** npm scripts of the root. */
  readonly commands: ReadonlySet<string>;
  /** The usage that each command prints, for those that have options of their own. */
  readonly usages: ReadonlyMap<string, string>;
  /** Whether a source file contains this word. */
  hasWord(word: string): boolean;
  /** Whether the sources contain a message; `…` stands for a value. */
  hasMessage(message: string): boolean;
  /** Whether a file, a directory or a match of the glob exists, relative to the document. */
  hasPath(path: string, document: string): boolean;
  /** Whether a document has a heading with this anchor. */
  hasAnchor(document: string, anchor: string): boolean;
}

export async function readRepositoryFacts(): Promise<RepositoryFacts> {
  const files = globSync('**/*', {
    cwd: workspacePath('.'),
    withFileTypes: true,
    exclude: (entry) => entry.isDirectory() && IGNORED_DIRECTORIES.has(entry.name),
  })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(workspacePath('.').replace(/\/?$/, '/').length));
  const basenames = new Set(files.map((file) => basename(file)));
  const sources = files.filter((file) => SOURCES.test(file) && !file.startsWith('packages/cli/tests/')).map(read);
  const words = new Set(sources.flatMap((source) => source.match(/\b\w+\b/g) ?? []));
  const hasBasename = (name: string) =>
    name.startsWith('*') ? [...basenames].some((basename) => basename.endsWith(name.slice(1))) : basenames.has(name);
  const contains = (message: string) =>
    sources.some((source) => message.split('…').every((fragment) => source.includes(fragment.trim())));
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const openapi = JSON.parse(read('docs/openapi.json')) as { paths: Record<string, unknown> };

  return {
    // A changelog also names things that no longer exist.
    documents: files.filter((file) => file.endsWith('.md') && file !== 'CHANGELOG.md' && !file.startsWith('.github/')),
    settings: new Set(matches(read('docs/configuration.md'), /^### `(\w+)`$/gm)),
    errorCodes: new Set(ERROR_CODES),
    metrics: new Set(
      matches(read('docs/metrics.md'), /^\| `(chat_\w+)`/gm).flatMap((name) => [
        name,
        ...['bucket', 'count', 'sum'].map((suffix) => `${name}_${suffix}`),
      ]),
    ),
    events: new Set(matches(read('docs/asyncapi.json'), /"([a-z]+:[a-z]+)"/g)),
    restPaths: Object.keys(openapi.paths).map((path) => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}/?$`)),
    commands: new Set(Object.keys(scripts)),
    usages: await readUsages(Object.keys(scripts)),
    packages: files.flatMap((file) => /^packages\/([^/]+)\/package\.json$/.exec(file)?.[1] ?? []),
    hasWord: (word) => words.has(word),
    hasMessage: contains,
    hasPath(path, document) {
      // A name without a folder may also be a file that a program writes.
      if (!path.includes('/')) return hasBasename(path) || existsIn(dirname(document), path) || contains(path);
      const ownPackage = /^packages\/[^/]+/.exec(document)?.[0];
      const bases = ['.', dirname(document), 'packages', ...(ownPackage ? [ownPackage, `${ownPackage}/src`] : [])];
      return bases.some((base) => existsIn(base, path));
    },
    hasAnchor: (document, anchor) => anchorsOf(read(document)).includes(anchor),
  };
}

const read = (path: string): string => readFileSync(workspacePath(path), 'utf8');

const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? '');

function existsIn(base: string, path: string): boolean {
  const absolute = workspacePath(normalize(join(base, path)));
  return path.includes('*') ? globSync(absolute).length > 0 : existsSync(absolute);
}

/** Returns the anchors that GitHub generates for the headings. */
const anchorsOf = (markdown: string): string[] =>
  matches(markdown, /^#+ (.*)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

async function readUsages(commands: readonly string[]): Promise<Map<string, string>> {
  const run = promisify(execFile);
  const bootstrap = workspacePath('packages/cli/bootstrap.mjs');
  const usages = new Map<string, string>();
  for (const command of commands) {
    const { stdout, stderr } = await run(process.execPath, [bootstrap, command, '--help'], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
    });
    usages.set(command, stdout + stderr);
  }
  return usages;
}
