import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { fail, report } from './report.mjs';
import { runCommand } from './run-command.mjs';

const OLDEST_REDIS = 7;
const APT_INSTALL = fileURLToPath(new URL('./apt-install.sh', import.meta.url));

/** What a command may need: the names it may have, Debian's packages for it, and what to say where there is no apt-get. */
const PROGRAMS = {
  'redis-server': { names: ['redis-server'], apt: ['redis-server'], brew: 'redis', what: 'Redis 7 or newer' },
  nginx: { names: ['nginx'], apt: ['nginx'], brew: 'nginx', what: 'nginx 1.22 or newer' },
  chromium: {
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    apt: ['chromium', 'fonts-liberation'],
    brew: '--cask chromium',
    what: 'Chromium',
  },
};

/** Makes sure that the programs are there: installs them on Debian and Ubuntu, says what to install elsewhere. */
export async function ensureSystemPrograms(wanted, { yes }) {
  // Debian keeps servers where a user's PATH does not look.
  process.env.PATH = [process.env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin'].filter(Boolean).join(delimiter);
  const missing = wanted.filter((name) => !find(name));
  if (missing.length > 0) await install(missing, yes);
  if (wanted.includes('redis-server')) requireRedisVersion();
}

async function install(missing, yes) {
  const needed = missing.map((name) => PROGRAMS[name].what).join(', ');
  const packages = missing.flatMap((name) => PROGRAMS[name].apt);
  if (!findOnPath('apt-get')) {
    fail(`missing: ${needed}. Install with: brew install ${missing.map((name) => PROGRAMS[name].brew).join(' ')}
        or with this system's own package manager, then run this again`);
  }
  const root = process.getuid?.() === 0;
  const byHand = `${root ? '' : 'sudo '}apt-get install ${packages.join(' ')}`;
  if (!root && !yes && !(await confirmed(`${needed} missing. Run "${byHand}" now?`))) {
    fail(`missing: ${needed}. Install with: ${byHand}`);
  }
  report(`installing ${packages.join(', ')} with apt-get; no system service is started`);
  const [program, ...prefix] = root ? ['sh'] : ['sudo', ...(yes ? ['-n'] : []), 'sh'];
  const exitCode = await runCommand(program, [...prefix, APT_INSTALL, ...packages]);
  const stillMissing = missing.filter((name) => !find(name));
  if (exitCode !== 0 || stillMissing.length > 0) {
    fail(`apt-get did not bring ${stillMissing.join(', ') || 'everything'} (exit code ${exitCode}); try: ${byHand}`);
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
      `redis-server is ${version?.[0] ?? 'of an unknown version'}; install Redis ${OLDEST_REDIS} or newer (packages.redis.io)`,
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
