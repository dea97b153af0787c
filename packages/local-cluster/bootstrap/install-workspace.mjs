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

/** Installs the workspace's packages unless those that its manifests and lockfile ask for are there already. */
export async function installWorkspace(root) {
  const wanted = fingerprint(root);
  const stamp = join(root, 'node_modules/.installed-from');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  report(`installing the workspace's packages with ${packageManager} (the first time takes a minute)`);
  rmSync(stamp, { force: true });
  // Development packages carry Node itself and the web client's build: they are wanted in production, too.
  const exitCode = await runCommand('npx', ['--yes', packageManager, 'install', '--frozen-lockfile', '--prod=false'], {
    NODE_ENV: 'development',
  });
  if (exitCode !== 0) fail(`installing the packages failed (exit code ${exitCode}); see the lines above`, exitCode);
  writeFileSync(stamp, wanted);
}

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
    rmSync(join(root, 'node_modules/.installed-from'), { force: true });
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
    ...packages.map((name) => join('packages', name, 'package.json')),
  ];
  const hash = createHash('sha256').update(root);
  for (const file of files) {
    const path = join(root, file);
    if (existsSync(path)) hash.update(`\0${file}\0`).update(readFileSync(path));
  }
  return hash.digest('hex');
}
