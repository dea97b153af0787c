// Entry point of all commands of the repository (the scripts of the root package.json). Runs on any Node ≥ 20 in a fresh clone:
// installs the packages and system programs that are missing, then runs the command on the workspace's own Node.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { COMMANDS, USAGE } from './bootstrap/commands.mjs';
import { installWorkspace, workspaceNode } from './bootstrap/install-workspace.mjs';
import { fail } from './bootstrap/report.mjs';
import { runCommand } from './bootstrap/run-command.mjs';
import { ensureSystemPrograms } from './bootstrap/system-programs.mjs';

if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node 20 or newer is needed; this is ${process.version}`);

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const stopWithParent = new URL('./bootstrap/stop-with-parent.mjs', import.meta.url).href;

const [name = '', ...given] = process.argv.slice(2);
const { options, args } = parseOwnOptions(given);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (name === '--help') printAndExit(USAGE);
if (!command) fail(name === '' ? `no command\n${USAGE}` : `unknown command "${name}"\n${USAGE}`, 2);
if (options.help && command.usage) printAndExit(command.usage);
if (command.takesNoArguments && args.length > 0) fail(`unexpected "${args.join(' ')}"\n${command.usage}`, 2);

process.chdir(root);
await installWorkspace(root, options.help ? [] : command.largePackages);
const node = workspaceNode(root);
await ensureSystemPrograms(options.help ? [] : command.programs, { yes: options.yes || process.env.CI === 'true' });

for (const [script, ...scriptArgs] of command.scripts(args)) {
  if (!existsSync(script)) fail(`${script} is missing: this checkout is incomplete`);
  const exitCode = await runCommand(node, ['--import', stopWithParent, script, ...scriptArgs], command.env);
  if (exitCode !== 0) process.exit(exitCode);
}

/** Separates `--yes` and `--help` from the arguments of the command. The command gets `--help` too, if it prints its own usage. */
function parseOwnOptions(all) {
  const { values, tokens } = parseArgs({
    args: all,
    options: { yes: { type: 'boolean' }, help: { type: 'boolean' } },
    strict: false,
    tokens: true,
  });
  const ownYes = new Set(
    tokens.filter((token) => token.kind === 'option' && token.name === 'yes').map(({ index }) => index),
  );
  return { options: values, args: all.filter((_, index) => !ownYes.has(index)) };
}

function printAndExit(text) {
  process.stdout.write(`${text}\n`);
  process.exit();
}
