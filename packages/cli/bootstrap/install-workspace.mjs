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

/** Packages of the workspace that one command alone needs and that would make every first start long. */
const LARGE_PACKAGES = ['artillery-runtime'];

/**
 * Installs the workspace's packages unless those that its manifests and lockfile ask for are there already.
 *
 * @param largePackages those of the large ones that the command needs
 */
export async function installWorkspace(root, largePackages = []) {
  const wanted = fingerprint(root);
  await installOnce(root, wanted, {
    stampName: '.installed-from',
    what: "the workspace's packages",
    filters: LARGE_PACKAGES.map((name) => `!@parley/${name}`),
  });
  for (const name of largePackages) {
    const stampName = `.installed-${name}-from`;
    if (!existsSync(join(root, 'packages', name, 'node_modules'))) removeStamp(root, stampName);
    await installOnce(root, wanted, { stampName, what: `${name}, once,`, filters: [`@parley/${name}`] });
  }
}

async function installOnce(root, wanted, { stampName, what, filters }) {
  const stamp = join(root, 'node_modules', stampName);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  report(`installing ${what} with ${packageManager} (the first time takes a minute)`);
  removeStamp(root, stampName);
  // Development packages carry Node itself, the web client's build and Artillery: they are wanted in production, too.
  const args = ['install', '--frozen-lockfile', '--prod=false', ...filters.flatMap((filter) => ['--filter', filter])];
  const exitCode = await runCommand('npx', ['--yes', packageManager, ...args], {
    NODE_ENV: 'development',
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1',
  });
  if (exitCode !== 0) fail(`installing the packages failed (exit code ${exitCode}); see the lines above`, exitCode);
  writeFileSync(stamp, wanted);
}

const removeStamp = (root, stampName) => rmSync(join(root, 'node_modules', stampName), { force: true });

/** @returns the path of the workspace's own Node, which is new enough */
export function workspaceNode(root) {
  const node = join(root, 'node_modules/node/bin/node');
  let version = 'missing';
  try {
    version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    // Reported below, with what to do about it.
  }
  if (Number(/^v(\d+)\./.exec(version)?.[1] ?? 0) < OLDEST_NODE) {
    removeStamp(root, '.installed-from');
    fail(
      `node_modules/node/bin/node is ${version}; ${OLDEST_NODE} or newer is needed: delete node_modules and run this again`,
    );
  }
  linkDirectly(join(root, 'node_modules/.bin/node'));
  return node;
}

/**
 * npm runs the next command with `node_modules/.bin/node`, for which pnpm writes a shell script; a signal to that shell ends
 * it, but not the Node behind it. A link has nothing in between.
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
