// The wording check of `npm run check`: the spelling of code and documents (cspell with the names of .cspell/names.txt), and
// phrases that readers stumble over (wording-rules.ts). With paths as arguments it checks only these.
import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findViolations } from './find-violations.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const CHECKED_FILES =
  /\.(ts|tsx|mts|mjs|cjs|js|lua|md|ya?ml|sh|css|html|conf)$|(^|\/)Dockerfile$|^\.ci\/|^\.env\.example$/;
const IGNORED_DIRECTORIES = new Set(['node_modules', 'dist', 'coverage', 'patches', '.git', '.data', '.cache']);
/** Files that are generated, that list the refused phrases, or that contain example conversations. */
const IGNORED_FILES =
  /^pnpm-lock\.yaml$|^packages\/cli\/src\/wording\/(wording-rules|check-wording\.test)\.ts$|\/example-conversations\.ts$/;

const given = process.argv.slice(2);
const isWithin = (path: string) => (directory: string) => path === directory || path.startsWith(`${directory}/`);
const isSelected = (path: string) => given.length === 0 || given.some(isWithin(path));

const paths = globSync(['**/*', '**/.*', '**/.*/**/*'], {
  cwd: ROOT,
  withFileTypes: true,
  exclude: (entry) => entry.isDirectory() && IGNORED_DIRECTORIES.has(entry.name),
})
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
  .filter((path) => CHECKED_FILES.test(path) && !IGNORED_FILES.test(path) && isSelected(path))
  .sort();

const spelling = checkSpelling(paths);
const violations = paths.flatMap((path) => findViolations(path, readFileSync(join(ROOT, path), 'utf8')));
for (const { path, line, phrase, instead } of violations) print(`${path}:${line} "${phrase}": write ${instead}`);
const { ok, output } = await spelling;
if (!ok) print(`${output}\nA correct name that is unknown goes into .cspell/names.txt.`);
print(`${paths.length} files checked`);
process.exitCode = ok && violations.length === 0 ? 0 : 1;

function checkSpelling(files: readonly string[]): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const cspell = spawn(
      process.execPath,
      [
        '--max-semi-space-size=64', // a fifth of its time is garbage collection otherwise
        join(ROOT, 'node_modules/cspell/bin.mjs'),
        ...['lint', '--file-list', 'stdin', '--config', '.cspell/cspell.json'],
        ...['--no-progress', '--no-summary', '--no-must-find-files'],
      ],
      { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] },
    );
    cspell.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    cspell.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    cspell.on('error', reject);
    cspell.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(chunks).toString().trimEnd() }));
    cspell.stdin.end(files.join('\n'));
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
