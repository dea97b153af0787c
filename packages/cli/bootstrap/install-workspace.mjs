import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fail, report } from './report.mjs';
import { runCommand } from './run-command.mjs';

const OLDEST_NODE = 24;

/** Large packages of the workspace that only one command needs. Without them, the first install is much shorter. */
const LARGE_PACKAGES = ['artillery-runtime'];

/**
 * Installs the packages of the workspace, unless the installed ones match the current manifests and lockfile.
 *
 * @param largePackages the large packages that the command needs
 */
export async function installWorkspace(root, largePackages = []) {
  const wanted = fingerprint(root);
  await installOnce(root, wanted, {
    stampName: '.installed-from',
    description: 'packages',
    filters: LARGE_PACKAGES.map((name) => `!@parley/${name}`),
  });
  for (const name of largePackages) {
    const stampName = `.installed-${name}-from`;
    if (!existsSync(join(root, 'packages', name, 'node_modules'))) removeStamp(root, stampName);
    await installOnce(root, wanted, { stampName, description: `packages of ${name}`, filters: [`@parley/${name}`] });
  }
}

async function installOnce(root, wanted, { stampName, description, filters }) {
  const stamp = join(root, 'node_modules', stampName);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  report(`installing ${description} with ${packageManager}; the first time takes about a minute`);
  removeStamp(root, stampName);
  // --prod=false: Node itself, the build of the web client and Artillery are development packages; production needs them too.
  const args = ['install', '--frozen-lockfile', '--prod=false', ...filters.flatMap((filter) => ['--filter', filter])];
  const exitCode = await runCommand('npx', ['--yes', packageManager, ...args], {
    NODE_ENV: 'development',
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1',
  });
  if (exitCode !== 0) fail(`the installation failed with exit code ${exitCode}; see the output above`, exitCode);
  writeFileSync(stamp, wanted);
}

const removeStamp = (root, stampName) => rmSync(join(root, 'node_modules', stampName), { force: true });

/** Returns the path of the workspace's own Node. Exits if it is missing or too old. */
export function workspaceNode(root) {
  const node = join(root, 'node_modules/node/bin/node');
  let version = 'missing';
  try {
    version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    // Reported below.
  }
  if (Number(/^v(\d+)\./.exec(version)?.[1] ?? 0) < OLDEST_NODE) {
    removeStamp(root, '.installed-from');
    fail(
      `node_modules/node/bin/node is ${version}, but Node ${OLDEST_NODE} or newer is needed. Delete node_modules and run this command again`,
    );
  }
  linkDirectly(join(root, 'node_modules/.bin/node'));
  return node;
}

/**
 * Replaces `node_modules/.bin/node`, with which npm runs the next command, by a link. pnpm writes a shell script there. A signal
 * from npm would end that shell, and the Node that it started would keep running.
 */
function linkDirectly(bin) {
  if (lstatSync(bin, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const link = `${bin}.${process.pid}`;
  symlinkSync('../node/bin/node', link);
  renameSync(link, bin);
}

function fingerprint(root) {
  const packages = readdirSync(join(root, 'packages')).sort();
  const files = [
    'package.json',
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    ...readdirSync(join(root, 'patches')).map((name) => join('patches', name)),
    ...packages.map((name) => join('packages', name, 'package.json')),
  ];
  const hash = createHash('sha256').update(root);
  for (const file of files) {
    const path = join(root, file);
    if (existsSync(path)) hash.update(`\0${file}\0`).update(readFileSync(path));
  }
  return hash.digest('hex');
}
