// The first thing that runs after a clone, on whatever Node ≥ 20 the machine has: brings what is missing, then hands over to
// the workspace's own Node. Called by the root package.json's scripts; needs nothing but Node and npm.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installWorkspace, workspaceNode } from './bootstrap/install-workspace.mjs';
import { fail } from './bootstrap/report.mjs';
import { runCommand } from './bootstrap/run-command.mjs';
import { ensureSystemPrograms } from './bootstrap/system-programs.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const stopWithParent = new URL('./bootstrap/stop-with-parent.mjs', import.meta.url).href;

const JEST_NODE_OPTIONS = '--experimental-vm-modules --disable-warning=ExperimentalWarning';

const COMMANDS = {
  start: {
    programs: ['redis-server', 'nginx'],
    scripts: (args) => [['packages/local-cluster/src/main.ts', ...args]],
  },
  test: {
    programs: ['redis-server', 'nginx', 'chromium'],
    env: { NODE_OPTIONS: [process.env.NODE_OPTIONS, JEST_NODE_OPTIONS].filter(Boolean).join(' ') },
    scripts: (args) => [['packages/cli/src/build-web-client.ts'], ['node_modules/jest/bin/jest.js', ...args]],
  },
  check: { programs: [], scripts: (args) => [['packages/cli/src/check.ts', ...args]] },
  format: {
    programs: [],
    scripts: (args) => [['node_modules/@biomejs/biome/bin/biome', 'check', '--write', '.', ...args]],
  },
  docs: { programs: [], scripts: (args) => [['packages/reference-docs/src/write-docs.ts', ...args]] },
  chaos: {
    programs: ['redis-server', 'nginx'],
    scripts: (args) => [['packages/chaos/src/main.ts', ...args]],
  },
  bench: {
    programs: ['redis-server', 'nginx'],
    scripts: (args) => [['packages/bench/src/main.ts', ...args]],
  },
  seed: { programs: [], scripts: (args) => [['packages/seed/src/main.ts', ...args]] },
  artillery: {
    programs: ['redis-server', 'nginx'],
    largePackages: ['artillery-runtime'],
    scripts: (args) => [['packages/artillery/src/main.ts', ...args]],
  },
};

const USAGE = `usage: npm start | npm test [-- jest arguments] | npm run check | npm run format | npm run docs | npm run chaos [-- options] | npm run bench -- NAME [options] | npm run artillery -- NAME [options] | npm run seed [-- options]
       node packages/cli/bootstrap.mjs start|test|check|format|docs|chaos|bench|artillery|seed [--yes] [arguments]
       --yes  install missing system programs without asking`;

const [name = '', ...given] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (!command) fail(name === '' || name === '--help' ? USAGE : `unknown command "${name}"\n${USAGE}`, 2);
if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node 20 or newer is needed; this is ${process.version}`);

const yes = given.includes('--yes') || process.env.CI === 'true';
const args = given.filter((argument) => argument !== '--yes');

process.chdir(root);
await installWorkspace(root, command.largePackages);
const node = workspaceNode(root);
await ensureSystemPrograms(command.programs, { yes });

for (const [script, ...scriptArgs] of command.scripts(args)) {
  if (!existsSync(script)) fail(`${script} is missing: this checkout is incomplete`);
  const exitCode = await runCommand(node, ['--import', stopWithParent, script, ...scriptArgs], command.env);
  if (exitCode !== 0) process.exit(exitCode);
}
