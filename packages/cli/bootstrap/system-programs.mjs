import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { fail, report } from './report.mjs';
import { runCommand } from './run-command.mjs';

const OLDEST_REDIS = 7;
const APT_INSTALL = fileURLToPath(new URL('./apt-install.sh', import.meta.url));

/** The system programs that commands need: possible file names, Debian packages, Homebrew formula, description. */
const PROGRAMS = {
  'redis-server': { names: ['redis-server'], apt: ['redis-server'], brew: 'redis', description: 'Redis 7 or newer' },
  nginx: { names: ['nginx'], apt: ['nginx'], brew: 'nginx', description: 'nginx 1.22 or newer' },
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    apt: ['chromium', 'fonts-liberation'],
    brew: '--cask chromium',
    description: 'Chromium',
  },
};

/** Installs missing programs on Debian and Ubuntu. On other systems, exits with the command that installs them. */
export async function ensureSystemPrograms(wanted, { yes }) {
  // Debian installs servers in directories that are not in a user's PATH.
  process.env.PATH = [process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].filter(Boolean).join(delimiter);
  const missing = wanted.filter((name) => !find(name));
  if (missing.length > 0) await install(missing, yes);
  if (wanted.includes('redis-server')) requireRedisVersion();
}

async function install(missing, yes) {
  const needed = missing.map((name) => PROGRAMS[name].description).join(', ');
  const packages = missing.flatMap((name) => PROGRAMS[name].apt);
  if (!findOnPath('apt-get')) {
    fail(`missing: ${needed}. Install with: brew install ${missing.map((name) => PROGRAMS[name].brew).join(' ')}
or with the package manager of this system, then run this command again`);
  }
  const root = process.getuid?.() === 0;
  const installCommand = `${root ? '' : 'sudo '}apt-get install ${packages.join(' ')}`;
  if (!root && !yes && !(await confirmed(`${needed} missing. Run "${installCommand}" now?`))) {
    fail(`missing: ${needed}. Install with: ${installCommand}`);
  }
  report(`installing ${packages.join(', ')} with apt-get; their services are not started`);
  const [program, ...prefix] = root ? ['sh'] : ['sudo', ...(yes ? ['-n'] : []), 'sh'];
  const exitCode = await runCommand(program, [...prefix, APT_INSTALL, ...packages]);
  const stillMissing = missing.filter((name) => !find(name));
  if (exitCode !== 0 || stillMissing.length > 0) {
    fail(
      `apt-get could not install ${stillMissing.join(', ') || 'all packages'} (exit code ${exitCode}); try: ${installCommand}`,
    );
  }
}

async function confirmed(question) {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`parley: ${question} [Y/n] `);
  terminal.close();
  return /^(y|yes|)$/i.test(answer.trim());
}

function requireRedisVersion() {
  const shown = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
  const version = /v=(\d+)[.\d]*/.exec(shown);
  if (Number(version?.[1] ?? 0) < OLDEST_REDIS) {
    fail(
      `redis-server has ${version ? `version ${version[0].slice(2)}` : 'an unknown version'}; install Redis ${OLDEST_REDIS} or newer (packages.redis.io)`,
    );
  }
}

const find = (name) => PROGRAMS[name].names.some(findOnPath);

function findOnPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
